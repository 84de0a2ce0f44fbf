"""The nearest neighbour of a text by TF-IDF: the cosine of counts of words and pairs of words, weighted by rarity."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

_WORD = re.compile(r"\b\w\w+\b")
_BATCH = 500
"""Number of texts compared at once, which bounds the memory of their similarities."""


def nearest(texts: Sequence[str], among: Sequence[str], allowed: Sequence[NDArray[np.bool_]]) -> list[int | None]:
    """For each text, the position of the most similar other text, the first among equals; None if none is allowed.

    Weights are those of scikit-learn's `TfidfVectorizer(ngram_range=(1, 2))`: counts times ln((1 + n) / (1 + df)) + 1,
    n texts of which df have the term, then scaled to unit length (Salton and Buckley, 1988).

    Args:
        allowed: for each text, which of the others may be taken, shape (len(among),).
    """
    terms: dict[str, int] = {}
    known = _counts(among, terms, grow=True)
    asked = _counts(texts, terms, grow=False)
    document_frequency = np.bincount(known.indices, minlength=len(terms))
    weights = np.log((1 + len(among)) / (1 + document_frequency)) + 1
    others = _unit(known @ sparse.diags_array(weights))
    # Terms that only the asked text has are left out: they would scale all of its similarities alike.
    wanted = _unit(asked @ sparse.diags_array(weights))
    found: list[int | None] = []
    for first in range(0, len(texts), _BATCH):
        similar = (wanted[first : first + _BATCH] @ others.T).toarray()
        for row, may in zip(similar, allowed[first : first + _BATCH], strict=True):
            found.append(int(np.where(may, row, -1.0).argmax()) if may.any() else None)
    return found


def _counts(texts: Sequence[str], terms: dict[str, int], *, grow: bool) -> sparse.csr_array:
    """Counts of the terms in each text, shape (texts, terms); with `grow`, new terms get a column."""
    columns: list[int] = []
    ends = [0]
    for text in texts:
        for term in _terms(text):
            column = terms.setdefault(term, len(terms)) if grow else terms.get(term, -1)
            if column >= 0:
                columns.append(column)
        ends.append(len(columns))
    counted = sparse.csr_array((np.ones(len(columns)), columns, ends), shape=(len(texts), len(terms)))
    counted.sum_duplicates()
    return counted


def _terms(text: str) -> Iterator[str]:
    words = _WORD.findall(text.lower())
    yield from words
    yield from (f"{one} {next_one}" for one, next_one in pairwise(words))


def _unit(rows: sparse.csr_array) -> sparse.csr_array:
    lengths = np.sqrt(rows.multiply(rows).sum(axis=1))
    return sparse.csr_array(sparse.diags_array(1 / np.where(lengths > 0, lengths, 1.0)) @ rows)
