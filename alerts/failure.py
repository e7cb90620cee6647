"""The error of a failed attempt to send a message."""


class SendFailed(Exception):
    """The receiver did not accept the message, as far as is known; it is sent again later.

    Never contains the target's address, which may be a secret.
    """
