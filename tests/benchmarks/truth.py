"""Runs every candidate on problems set aside, with many seeds: what policies and teachers are judged by.

    python tests/benchmarks/truth.py FOLDER --set tuning     # 28 problems, 12 seeds
    python tests/benchmarks/truth.py FOLDER --set test       # 40 problems, 20 seeds

The problems are drawn like those of recipe `standard`, from seeds that no recipe uses, with at most 3,000 evaluations,
which keeps the reference affordable. Nothing may be tuned on the test set. Run again, it goes on where it stopped.
"""

import argparse

from rich.console import Console

from llamoco_data.campaign import CampaignSpec, run_campaign
from llamoco_data.drive import DriveProgress
from llamoco_data.execution import executor
from llamoco_data.portfolio import OPTIMIZERS
from llamoco_data.racing import Exhaustive
from llamoco_data.recipes import standard

MAX_EVALUATIONS = 3_000


def tuning_set() -> CampaignSpec:
    """The problems on which the policy's numbers were chosen."""
    return _reference("tuning", seed=101, num_problems=28, repeats=12)


def test_set() -> CampaignSpec:
    """The problems on which it is measured."""
    return _reference("test", seed=202, num_problems=40, repeats=20)


SETS = {"tuning": tuning_set, "test": test_set}


def _reference(name: str, seed: int, num_problems: int, repeats: int) -> CampaignSpec:
    like = standard()
    return like.model_copy(
        update={
            "recipe": f"truth-{name}",
            "seed": seed,
            "num_problems": num_problems,
            "mixture": like.mixture.model_copy(update={"max_evaluations": MAX_EVALUATIONS}),
            "optimizers": tuple(optimizer.name for optimizer in OPTIMIZERS),
            "policy": Exhaustive(repeats=repeats),
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder")
    parser.add_argument("--set", choices=sorted(SETS), required=True)
    parser.add_argument("--seeds", type=int, help="fewer or more seeds than the set's own; more can be added later")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    console = Console()
    seen = -1

    def report(progress: DriveProgress) -> None:
        nonlocal seen
        if progress.problems_done != seen:
            seen = progress.problems_done
            console.print(f"{seen} of {progress.problems_total} problems, {progress.runs_done} runs")

    spec = SETS[arguments.set]()
    if arguments.seeds:
        spec = spec.model_copy(update={"policy": Exhaustive(repeats=arguments.seeds)})
    run_campaign(arguments.folder, spec, executor("local", arguments.workers), report=report)


if __name__ == "__main__":
    main()
