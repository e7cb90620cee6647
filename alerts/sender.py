"""From the outbox to one channel, again and again until it arrives."""

import logging

from alerts.alert import Alert
from alerts.channel import Channel, SendFailed
from store import Outbox

AT_ONCE = 20
"""Messages taken from the outbox in one go."""
FIRST_WAIT_MS, LONGEST_WAIT_MS = 1_000, 600_000
"""Wait after the first failure, doubled after each further one, and the longest."""
GIVE_UP_MS = 3 * 86_400_000
"""A message this old that still fails is given up."""


def wait_ms(attempts: int) -> int:
    """How long to wait after so many failures.

    >>> [wait_ms(n) for n in (1, 2, 3, 50)]
    [1000, 2000, 4000, 600000]
    """
    return int(min(FIRST_WAIT_MS * 2 ** min(attempts - 1, 20), LONGEST_WAIT_MS))


class Sender:
    """Sends what is due on one channel. A message is marked as sent after it was: a crash between the two sends it
    again, with the same key."""

    def __init__(self, outbox: Outbox, channel: Channel) -> None:
        self._outbox, self._channel = outbox, channel

    def step(self, now: int) -> int:
        """Tries the messages that are due, each once. Returns how many were sent."""
        sent = 0
        for message in self._outbox.due(self._channel.name, now, AT_ONCE):
            try:
                self._channel.send(Alert.from_plain(message.body), message.key, now)
            except SendFailed as error:
                lost = now - message.created > GIVE_UP_MS
                due = None if lost else now + wait_ms(message.attempts + 1)
                self._outbox.mark_failed(message.key, str(error), due)
                verdict = "given up" if lost else "tried again later"
                logging.getLogger("anomaly").warning(
                    "%s: message %s %s: %s", self._channel.name, message.key, verdict, error
                )
            else:
                self._outbox.mark_sent(message.key, now)
                sent += 1
        return sent
