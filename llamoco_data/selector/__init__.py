"""The selector: reads what a statement says, and expects of every optimizer what similar measured problems show.

It evaluates nothing. It is a contender in scores, the prior of informed races, and fitted on training problems alone.
"""

from llamoco_data.selector.features import ESTIMATED, NAMES, features, reading_of
from llamoco_data.selector.forest import Selector, fitted, whole_scores
from llamoco_data.selector.measured import Measured
from llamoco_data.selector.prior import Prior, PriorSpec, parsed_prior, prior_from, prior_id, read_prior
from llamoco_data.selector.prospects import Precedents, prospects
from llamoco_data.selector.training import LEAST_PROBLEMS, Training, applying_to, training_of

__all__ = [
    "ESTIMATED",
    "LEAST_PROBLEMS",
    "NAMES",
    "Measured",
    "Precedents",
    "Prior",
    "PriorSpec",
    "Selector",
    "Training",
    "applying_to",
    "features",
    "fitted",
    "parsed_prior",
    "prior_from",
    "prior_id",
    "prospects",
    "read_prior",
    "reading_of",
    "training_of",
    "whole_scores",
]
