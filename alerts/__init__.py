"""Alerts about watched streams: one message for each notice and channel, sent until the receiver accepts it."""

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
