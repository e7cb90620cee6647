"""Why a message was not sent."""


class SendFailed(Exception):
    """The message was not accepted, as far as we know; it is sent again later. Never holds the target's address,
    which may be a secret."""
