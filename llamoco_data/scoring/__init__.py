"""Scores what a model wrote, on the yardstick of the verdicts: its programs run on their problems, beside baselines."""

from llamoco_data.scoring.score import TIME_LIMIT_S, Scored, score

__all__ = ["TIME_LIMIT_S", "Scored", "score"]
