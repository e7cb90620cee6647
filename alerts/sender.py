"""Send messages from the outbox to one channel, and retry until they are accepted."""

import logging

from alerts.alert import Alert
from alerts.channel import Channel, SendFailed
from store import Outbox

BATCH = 20
"""Messages taken from the outbox in a step."""
FIRST_WAIT_MS = 1_000
"""Wait after the first failed attempt; it doubles with each further one."""
MAX_WAIT_MS = 600_000
GIVE_UP_MS = 3 * 86_400_000
"""Age at which a message that still fails is given up."""


def wait_ms(attempts: int) -> int:
    """Wait after so many failed attempts.

    >>> [wait_ms(n) for n in (1, 2, 3, 50)]
    [1000, 2000, 4000, 600000]
    """
    return int(min(FIRST_WAIT_MS * 2 ** min(attempts - 1, 20), MAX_WAIT_MS))


class Sender:
    """Sends the messages due on one channel.

    A message is marked as sent after it was accepted, so a crash between the two sends it again with the same key.
    """

    def __init__(self, outbox: Outbox, channel: Channel) -> None:
        self._outbox = outbox
        self._channel = channel

    def step(self, now: int) -> int:
        """Attempt each due message once. Returns how many were sent."""
        sent = 0
        for message in self._outbox.due(self._channel.name, now, BATCH):
            try:
                self._channel.send(Alert.from_json(message.body), message.key, now)
            except SendFailed as error:
                given_up = now - message.created > GIVE_UP_MS
                due = None if given_up else now + wait_ms(message.attempts + 1)
                self._outbox.mark_failed(message.key, str(error), due)
                outcome = "given up" if given_up else "tried again later"
                logging.getLogger("anomaly").warning(
                    "%s: message %s %s: %s", self._channel.name, message.key, outcome, error
                )
            else:
                self._outbox.mark_sent(message.key, now)
                sent += 1
        return sent
