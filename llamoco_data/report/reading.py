"""Reads a campaign folder for its page: judges every complete problem, sums up costs, and picks curves."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from llamoco_data.campaign import CampaignReader, Status, load_campaign, status, view_of
from llamoco_data.export import baseline_of, crew, judge_all, number_for, single_best_solver
from llamoco_data.files import Place
from llamoco_data.identity import LlamocoError
from llamoco_data.invocation import command
from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.report.costs import CostTally, OptimizerCost
from llamoco_data.report.curves import MOST_PROBLEMS, ProblemCurves, evenly, problem_curves
from llamoco_data.report.winners import families_of
from llamoco_data.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class JudgedCampaign:
    """A judged campaign, with all data of its page."""

    status: Status
    candidates: Mapping[str, StoredCandidate]
    """By candidate_id, in catalogue order."""
    problems: tuple[tuple[AnySpec, Verdict], ...]
    """Judged problems that are not kept out, with their verdicts."""
    kept_out: Mapping[str, int]
    """Number of problems kept out, by reason, most first."""
    single_best: str
    """candidate_id of the single best solver; empty where no problem remains, or only random search was run."""
    costs: tuple[OptimizerCost, ...]
    curves: tuple[ProblemCurves, ...]
    """Curves of an even choice of the judged problems, including those kept out."""

    @property
    def num_judged(self) -> int:
        return len(self.problems) + sum(self.kept_out.values())

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return tuple(verdict for _, verdict in self.problems)


def read_judged(folder: Place, processes: int | None = None) -> JudgedCampaign:
    """The campaign in a folder, judged. Reads every run twice; only the chosen problems' traces stay in memory.

    Args:
        processes: number of processes that judge problems; see `export`.

    Raises:
        LlamocoError: the folder holds no campaign or no run yet, or is damaged; or a process died.
    """
    spec, there = load_campaign(folder), status(folder)
    if not there.runs_by_optimizer:
        raise LlamocoError(
            f"{folder} has nothing to report yet: none of its {spec.num_problems:,} problems has a run; "
            f"continue with: {command('run', folder)}"
        )
    view = view_of(folder)
    reader = CampaignReader(view)
    candidates, indices = reader.candidates, reader.indices()
    baseline = baseline_of(candidates)
    with crew(partial(CampaignReader, view), number_for(len(indices), processes)) as at_work:
        judgements = judge_all(at_work, reader)
    verdicts = {**judgements.verdicts, **judgements.kept_out}
    with_curves = set(evenly(sorted(verdicts), MOST_PROBLEMS))
    tally = CostTally(families_of(candidates))
    problems: list[tuple[AnySpec, Verdict]] = []
    curves: list[ProblemCurves] = []
    for runs in map(reader.runs, indices):
        for record in runs.records:
            tally.add(candidates[record.candidate_id].optimizer, record)
        problem_id = runs.spec.problem_id
        if problem_id in judgements.verdicts:
            problems.append((runs.spec, verdicts[problem_id]))
        if problem_id in with_curves:
            curves.append(problem_curves(runs.index, runs.spec, verdicts[problem_id], runs.records, candidates))
    kept_out = Counter(str(verdict.kept_out) for verdict in judgements.kept_out.values())
    chosen = problems and len(candidates) > bool(baseline)
    return JudgedCampaign(
        status=there,
        candidates=candidates,
        problems=tuple(problems),
        kept_out=dict(kept_out.most_common()),
        single_best=single_best_solver(judgements, baseline) if chosen else "",
        costs=tally.costs(),
        curves=tuple(curves),
    )
