"""Mixtures and samples that several test modules share."""

from functools import cache

from llamoco_data.problems.sampling import ProblemMixture, sample
from llamoco_data.problems.spec import ProblemSpec

WIDE = ProblemMixture(min_dimension=2, max_dimension=50, min_budget_factor=50, max_budget_factor=2000)


@cache
def sampled(index: int) -> ProblemSpec:
    """The index-th problem of a mixture that covers everything the sampler can draw."""
    return sample(WIDE, 11, index)
