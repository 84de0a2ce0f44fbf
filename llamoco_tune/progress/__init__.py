"""Shows and stores metrics while a model trains: a line for a person, metrics.jsonl, TensorBoard."""

from llamoco_tune.progress.callback import TRAINER_DISPLAYS, RunProgress, TokenCount

__all__ = ["TRAINER_DISPLAYS", "RunProgress", "TokenCount"]
