"""Messages about events: what is told of watched streams, each once to each channel, until it arrives."""

from alerts.alerts import Alerts
from alerts.channel import Channel, SendFailed, channels_of
from alerts.event_tracker import EventTracker
from alerts.sender import Sender

__all__ = [
    "Alerts",
    "Channel",
    "EventTracker",
    "SendFailed",
    "Sender",
    "channels_of",
]
