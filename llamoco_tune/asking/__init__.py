"""The front door: one problem is asked about, and answered with a program. Nothing is executed."""

from llamoco_tune.asking.answering import Alternative, Asked, ask

__all__ = ["Alternative", "Asked", "ask"]
