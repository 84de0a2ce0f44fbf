"""Programs from an OpenAI-compatible server. A key comes from the environment alone, and is neither shown nor kept."""

from llamoco_tune.endpoint.asking import ask
from llamoco_tune.endpoint.config import EndpointConfig

__all__ = ["EndpointConfig", "ask"]
