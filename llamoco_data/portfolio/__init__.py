"""The portfolio of optimizers whose programs are raced and taught."""

from llamoco_data.portfolio.candidates import Candidate, no_optimizer, portfolio, render
from llamoco_data.portfolio.catalog import BASELINE, OPTIMIZER_BY_NAME, OPTIMIZERS
from llamoco_data.portfolio.optimizer import Optimizer, OptimizerFamily
from llamoco_data.portfolio.rendering import program_text
from llamoco_data.portfolio.retired import RETIRED, retired
from llamoco_data.portfolio.settings import Setting

__all__ = [
    "BASELINE",
    "OPTIMIZERS",
    "OPTIMIZER_BY_NAME",
    "RETIRED",
    "Candidate",
    "Optimizer",
    "OptimizerFamily",
    "Setting",
    "no_optimizer",
    "portfolio",
    "program_text",
    "render",
    "retired",
]
