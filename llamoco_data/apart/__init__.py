"""Runs a program in a separate process, so that a hang, a crash or a flood ends that alone and the meter is safe."""

from llamoco_data.apart.running import run_text

__all__ = ["run_text"]
