"""Scores the programs that a model wrote, beside baselines, as verdicts score candidates; it judges no campaign."""

from llamoco_data.scoring.score import TIME_LIMIT_S, Scored, score

__all__ = ["TIME_LIMIT_S", "Scored", "score"]
