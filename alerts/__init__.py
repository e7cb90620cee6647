"""Messages about events: what is told of watched streams, each once to each channel, until it arrives."""

from alerts.alerts import Alerts
from alerts.channel import Channel, SendFailed, channels_of
from alerts.event_tracker import Follower
from alerts.sender import Sender

__all__ = ["Alerts", "Channel", "Follower", "SendFailed", "Sender", "channels_of"]
