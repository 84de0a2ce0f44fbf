"""Batched decoding with a causal language model: a row that ends leaves, and another takes its place."""

from llamoco_tune.decoding.writing import Written, write
from llamoco_tune.programs import DecodingConfig

__all__ = ["DecodingConfig", "Written", "write"]
