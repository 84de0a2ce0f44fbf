"""Ids and streams: equal values have equal names everywhere, and what has no canonical form has no name."""

import math
import subprocess
import sys

import pytest
from pydantic import ValidationError

from llamoco_data import sample_problem
from llamoco_data.identity import Record, canonical, digest, stream

pytestmark = pytest.mark.unit


class Point(Record):
    x: float
    name: str = "p"


def test_digest_of_known_values_never_changes():
    """Ids are in files that outlive this code."""
    assert digest(["seed", "abc", 0]) == "fd8149313513f4e15803"
    assert digest(Point(x=0.1)) == digest({"name": "p", "x": 0.1})


def test_canonical_ignores_the_order_of_keys_only():
    assert canonical({"b": [1, 2], "a": None}) == canonical({"a": None, "b": (1, 2)}) == '{"a":null,"b":[1,2]}'
    assert canonical([1, 2]) != canonical([2, 1])


def test_canonical_tells_numbers_apart_and_keeps_every_bit():
    assert canonical(1) != canonical(1.0) != canonical(True)
    assert float(canonical(0.1 + 0.2)) == 0.1 + 0.2


@pytest.mark.parametrize("value", [math.nan, math.inf, [-math.inf]])
def test_canonical_of_a_number_that_is_not_finite_raises(value):
    with pytest.raises(ValueError, match="finite"):
        canonical(value)


@pytest.mark.parametrize("value", [{1, 2}, object(), b"bytes", {1: "key"}])
def test_canonical_of_a_value_without_canonical_form_raises(value):
    with pytest.raises(TypeError, match="canonical"):
        canonical(value)


def test_stream_of_the_same_path_is_the_same_in_another_process():
    code = "from llamoco_data.identity import stream; print(stream('problem', 7, 42).random(3).tolist())"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "123"}
    )
    assert printed.stdout.strip() == str(stream("problem", 7, 42).random(3).tolist())


def test_stream_of_another_path_is_another():
    paths = [("problem", 7, 42), ("problem", 7, 43), ("problem", 742), ("problem", "7", 42)]
    assert len({stream(*path).random() for path in paths}) == len(paths)


def test_record_reads_back_what_it_wrote():
    point = Point(x=1 / 3, name="ß")
    assert Point.from_json(point.to_json()) == point


@pytest.mark.parametrize("text", ['{"x": NaN}', '{"x": 1.0, "y": 2.0}', '{"x": "1"}', "{}"])
def test_record_from_json_that_does_not_fit_raises(text):
    with pytest.raises(ValidationError):
        Point.from_json(text)


def test_copy_with_other_fields_has_an_id_of_its_own():
    spec = sample_problem("demo", index=0)
    before = spec.problem_id
    other = spec.model_copy(update={"max_evaluations": spec.max_evaluations + 1})
    assert other.problem_id != before
    assert other.problem_id == type(spec).from_json(other.to_json()).problem_id
    assert spec.problem_id == before
