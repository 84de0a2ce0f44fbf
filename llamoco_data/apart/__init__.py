"""One run in a process of its own: a hang, a crash or a flood costs that process, and the meter is out of its reach."""

from llamoco_data.apart.running import run_text

__all__ = ["run_text"]
