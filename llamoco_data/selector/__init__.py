"""The selector: reads what a statement says, and expects of every optimizer what similar measured problems show.

It evaluates nothing. It is a contender in scores, the prior of informed races, and fitted on training problems alone.
"""

from llamoco_data.selector.features import NAMES, features
from llamoco_data.selector.forest import Selector, fitted, whole_scores
from llamoco_data.selector.measured import Measured
from llamoco_data.selector.prior import Prior, PriorSpec, parsed_prior, prior_from, prior_id, read_prior
from llamoco_data.selector.prospects import Precedents, prospects

__all__ = [
    "NAMES",
    "Measured",
    "Precedents",
    "Prior",
    "PriorSpec",
    "Selector",
    "features",
    "fitted",
    "parsed_prior",
    "prior_from",
    "prior_id",
    "prospects",
    "read_prior",
    "whole_scores",
]
