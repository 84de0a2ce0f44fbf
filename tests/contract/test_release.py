"""The released instruction set in docs/releases/standard is whole, small, and what its page says."""

import hashlib
import re
from pathlib import Path

import pyarrow.dataset
import pytest

from llamoco_data import read_instructions
from llamoco_data.instruction_set import MEASURED_SPLITS, REAL, STYLED, Split, split_of
from llamoco_data.problems.own_spec import OwnProblemSpec, read_spec
from llamoco_data.problems.suites import suites
from llamoco_data.recipes import recipe
from llamoco_data.runs import program_id

pytestmark = pytest.mark.contract

RELEASE = Path(__file__).parents[2] / "docs" / "releases" / "standard"
MOST_BYTES = 15 * 1024 * 1024


@pytest.fixture(scope="module")
def columns():
    rows = pyarrow.dataset.dataset(RELEASE / "data", format="parquet")
    return rows.to_table(["split", "base_problem_id", "problem_spec", "answer", "candidate_id"])


def test_release_has_the_digests_that_stand_beside_it():
    lines = [line.split("  ") for line in (RELEASE / "SHA256SUMS").read_text().splitlines()]
    listed = {name: digest for digest, name in lines}
    there = {str(path.relative_to(RELEASE)): path for path in RELEASE.rglob("*") if path.is_file()}
    del there["SHA256SUMS"]
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in there.items()} == listed
    assert sum(path.stat().st_size for path in there.values()) < MOST_BYTES


@pytest.mark.parametrize("split", MEASURED_SPLITS)
def test_release_is_read_as_any_export_is(split: Split, columns):
    assert read_instructions(RELEASE, split=split).num_rows == columns["split"].to_pylist().count(split) > 0


def test_no_problem_of_the_release_is_in_two_splits_but_those_in_another_style(columns):
    pairs = set(zip(columns["base_problem_id"].to_pylist(), columns["split"].to_pylist(), strict=True))
    styled = {problem for problem, split in pairs if split == STYLED}
    others = {(problem, split) for problem, split in pairs if split != STYLED}
    assert len(others) == len({problem for problem, _ in others})
    assert styled < {problem for problem, split in others if split == "test"}
    assert len(styled) == 100


def test_problems_of_the_release_are_in_the_split_that_they_draw(columns):
    pairs = set(zip(columns["problem_spec"].to_pylist(), columns["split"].to_pylist(), strict=True))
    drawn = {text: split for text, split in pairs if split not in (REAL, STYLED)}
    held_out = recipe("standard").held_out_families
    assert {text: split_of(read_spec(text), held_out) for text in drawn} == drawn


def test_real_problems_of_the_release_are_those_of_the_suites():
    specs = [read_spec(text) for text in read_instructions(RELEASE, split=REAL)["problem_spec"].to_pylist()]
    texts = {text for problem in suites() for text in problem.stated().values()}
    assert {spec.source for spec in specs if isinstance(spec, OwnProblemSpec)} <= texts
    assert all(isinstance(spec, OwnProblemSpec) for spec in specs)


def test_answers_of_the_release_are_the_programs_that_were_run(columns):
    answers, candidates = columns["answer"].to_pylist(), columns["candidate_id"].to_pylist()
    assert {(program_id(text), candidate) for text, candidate in zip(answers, candidates, strict=True)} == {
        (candidate, candidate) for candidate in candidates
    }


def test_page_of_the_release_says_how_many_problems_and_rows_it_has(columns):
    page = (RELEASE.parent / "index.md").read_text()
    problems, rows = len(set(columns["base_problem_id"].to_pylist())), columns.num_rows
    assert re.search(rf"\b{problems:,} problems\b", page)
    assert re.search(rf"\b{rows:,} rows\b", page)
