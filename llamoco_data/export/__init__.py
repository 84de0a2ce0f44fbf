"""From a campaign folder to an instruction set: verdicts, Parquet shards, dataset card."""

from llamoco_data.export.changes import REASONS, Changes
from llamoco_data.export.comparing import Comparison, compare, write_comparison
from llamoco_data.export.crew import crew, number_for
from llamoco_data.export.extending import Extended, extend
from llamoco_data.export.joining import Joined, join, left_out
from llamoco_data.export.judging import baseline_of, judge_all, single_best_solver
from llamoco_data.export.priors import make_prior, write_prior
from llamoco_data.export.report import ExportReport
from llamoco_data.export.writing import Exported, export

__all__ = [
    "REASONS",
    "Changes",
    "Comparison",
    "ExportReport",
    "Exported",
    "Extended",
    "Joined",
    "baseline_of",
    "compare",
    "crew",
    "export",
    "extend",
    "join",
    "judge_all",
    "left_out",
    "make_prior",
    "number_for",
    "single_best_solver",
    "write_comparison",
    "write_prior",
]
