"""Programs from an OpenAI-compatible server. The key is read from the environment only, and never shown or stored."""

from llamoco_tune.endpoint.asking import Message, ask
from llamoco_tune.endpoint.config import EndpointConfig

__all__ = ["EndpointConfig", "Message", "ask"]
