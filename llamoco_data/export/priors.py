"""Makes the prior of a campaign: what its verdicts on training problems tell of other problems. Others are not read."""

from functools import partial
from pathlib import Path

import numpy as np

from llamoco_data.campaign import CampaignReader, source_of, status, view_of
from llamoco_data.export.crew import crew, number_for
from llamoco_data.export.judging import Judgements, judge_all
from llamoco_data.files import LocalFiles, Place
from llamoco_data.identity import LlamocoError
from llamoco_data.invocation import command
from llamoco_data.portfolio import BASELINE
from llamoco_data.portfolio.stored_candidates import optimizers_of
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.selector import Measured, Prior, features, prior_from

ALWAYS = 2
"""Number of optimizers, the best on the average, that informed races always run: a new portfolio may change places."""
LEAST_PROBLEMS = 20
"""Least number of training problems behind a prior."""


def write_prior(folder: Place, out: Path, *, processes: int | None = None) -> Prior:
    """Writes the prior of a campaign to a file, and returns it.

    Raises:
        LlamocoError: the folder holds no campaign or is damaged, too few training problems are judged, the file exists
            and holds something else, or it cannot be written.
    """
    prior = make_prior(folder, processes=processes)
    target = out.absolute()
    if target.is_dir():
        raise LlamocoError(f"{out} is a folder; name a file for the prior, such as {out / 'prior.parquet'}")
    place = LocalFiles(target.parent)
    if not place.put_if_absent(target.name, prior.data) and place.read(target.name) != prior.data:
        raise LlamocoError(f"{out} exists, and a prior must not replace it; name another file with --out")
    return prior


def make_prior(folder: Place, *, processes: int | None = None) -> Prior:
    """The prior of a campaign, by the training problems that are drawn, complete and worth teaching.

    Raises:
        LlamocoError: see `write_prior`.
    """
    view = view_of(folder)
    reader = CampaignReader(view)
    with crew(partial(CampaignReader, view), number_for(len(reader.indices()), processes)) as at_work:
        judgements = judge_all(at_work, reader)
    measured = _measured(reader, judgements)
    if len(measured.problem_ids) < LEAST_PROBLEMS:
        there = status(folder)
        growing = ("--problems", "N") if there.problems_complete == there.problems_total else ()
        more = f", with N above {reader.spec.num_problems:,}," if growing else ""
        raise LlamocoError(
            f"{folder} has {len(measured.problem_ids)} training problems that are judged and worth teaching, and a "
            f"prior needs {LEAST_PROBLEMS}; go on{more} with: {command('run', folder, *growing)}"
        )
    by_total = sorted(judgements.total_scores, key=judgements.total_scores.__getitem__, reverse=True)
    best_first = dict.fromkeys(reader.candidates[candidate_id].optimizer for candidate_id in by_total)
    return prior_from(
        measured,
        source=source_of(reader.spec),
        num_problems=reader.spec.num_problems,
        always=tuple(name for name in best_first if name != BASELINE)[:ALWAYS],
    )


def _measured(reader: CampaignReader, judgements: Judgements) -> Measured:
    optimizer_of = {candidate_id: candidate.optimizer for candidate_id, candidate in reader.candidates.items()}
    optimizers = tuple(name for name in dict.fromkeys(optimizer_of.values()) if name != BASELINE)
    problem_ids: list[str] = []
    rows_NF: list[np.ndarray] = []
    rows_NO: list[list[float]] = []
    whole_N: list[bool] = []
    for index in reader.indices():
        spec = reader.problem(index)
        if not isinstance(spec, ProblemSpec) or judgements.splits.get(spec.problem_id) != "train":
            continue
        best: dict[str, float] = {}
        for standing in judgements.verdicts[spec.problem_id].standings:
            best.setdefault(optimizer_of[standing.candidate_id], standing.score)
        problem_ids.append(spec.problem_id)
        rows_NF.append(features(spec))
        rows_NO.append([best.get(name, np.nan) for name in optimizers])
        whole_N.append(set(optimizers_of(reader.candidates.values(), spec).values()) <= best.keys())
    return Measured(tuple(problem_ids), optimizers, np.array(rows_NF), np.array(rows_NO), np.array(whole_N))
