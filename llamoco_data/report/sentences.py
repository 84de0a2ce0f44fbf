"""Short texts about a campaign's problems: what became of them, and what each one is. It computes nothing."""

from collections.abc import Mapping, Sequence

from llamoco_data.plurals import counted
from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.problems.own_spec import AnySpec, OwnProblemSpec
from llamoco_data.report.curves import ProblemCurves
from llamoco_data.report.numbers import CampaignReport
from llamoco_data.report.wording import measured, share


def sections(report: CampaignReport) -> list[tuple[str, str]]:
    """The menu of the page: anchor and name of each of its sections."""
    names = [
        ("winners", "Winners", report.num_problems),
        ("groups", "Families", report.num_problems),
        ("gap", "Gap", report.num_problems),
        ("contribution", "Contribution", report.num_problems),
        ("sureness", "Confidence", report.num_problems),
        ("curves", "Curves", report.campaign.curves),
        ("cost", "Cost", True),
        ("words", "Words", True),
    ]
    return [(anchor, name) for anchor, name, there in names if there]


def fates(report: CampaignReport) -> dict[str, int]:
    """Number of problems by what became of them; the numbers add up to all problems of the campaign."""
    campaign = report.campaign
    kept_out = {f"kept out: {reason}": number for reason, number in campaign.kept_out.items()}
    rest = campaign.status.problems_total - campaign.num_judged
    return {"in the set": len(campaign.problems), **kept_out, "not judged": rest}


def in_order(wins: Mapping[str, int], families: Sequence[str]) -> dict[str, int]:
    """Wins in the order in which the page shows the families."""
    return {family: wins.get(family, 0) for family in families}


def problem_label(problem: ProblemCurves, candidates: Mapping[str, StoredCandidate]) -> str:
    """A line in the list of problems, with everything that a person may want to filter by."""
    spec, verdict = problem.spec, problem.verdict
    constrained = f", {counted(spec.num_constraints, 'constraint')}" if spec.num_constraints else ""
    end = f", kept out ({verdict.kept_out})" if verdict.kept_out else ""
    return (
        f"{problem.label}: {spec.kind}, {spec.dimension} variables{constrained}, {spec.max_evaluations:,} evaluations, "
        f"{candidates[verdict.winner].optimizer} wins{end}"
    )


def problem_facts(problem: ProblemCurves) -> str:
    """Sentences about the problem and its winner."""
    spec, verdict = problem.spec, problem.verdict
    kinds = [(spec.num_inequality, "inequality constraint"), (spec.num_equality, "equality constraint")]
    constraints = " and ".join(counted(number, noun) for number, noun in kinds if number) or "no constraints"
    if verdict.best_known is None:
        best = "No run found a feasible point"
    else:
        best = "The minimum is proven" if verdict.best_known_proven else "The best known value is that of the best run"
    each = measured(spec.max_evaluations / spec.dimension)
    near_ties = counted(len(verdict.near_ties), "near-tie") if verdict.near_ties else "no near-tie"
    return (
        f"{_objective(spec)}; {spec.dimension} variables, {constraints}, "
        f"{counted(spec.max_evaluations, 'evaluation')} ({each} per variable). "
        f"{best}. The winner's confidence is {share(verdict.confidence)}, and it has {near_ties}."
    )


def _objective(spec: AnySpec) -> str:
    if isinstance(spec, OwnProblemSpec):
        return "A user's own problem"
    names = ", ".join(dict.fromkeys(spec.functions))
    return f"The single function {names}" if spec.kind == "single" else f"A {spec.kind} of {names}"
