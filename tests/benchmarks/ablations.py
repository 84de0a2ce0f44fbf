"""What teaching to choose owes to each of its parts: short runs of recipe `compact` without one, by three seeds each.

    llamoco-tune base compact --data standard-export --out compact-base
    python -m tests.benchmarks.ablations standard-export compact-base ablations

Every run reads 6,400 prompts and learns to choose alone, so that all have the same time to learn the same thing; two
conditions learn to write in steps of their own beside it. A run that is there is not made again, and a killed one goes
on. The loss of writing is on the validation rows of an evaluation, each alone and by families of optimizers. Choices
are judged on validation problems, as `tests.benchmarks.choosing` does; they are kept in OUT/choices. Intervals are 95
%, over problems and seeds: both are drawn with replacement, and differences are between runs of the same seed on the
same problems. Three seeds tell little about what a fourth would do, so each seed's figure stands beside their mean.
"""

import argparse
import json
import math
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from llamoco_data import read_instructions
from llamoco_data.selector.forest import fitted
from llamoco_data.selector.training import training_of
from llamoco_tune.metrics import read_metrics
from llamoco_tune.quiet import quiet_transformers
from tests.benchmarks.choosing import Problems, choices_of, problems_of, scores_of, shown

STEPS, PROMPTS = 400, 16
WARM_STEPS, WARM_PROMPTS = 50, 32
"""Steps of a warm-up, and their prompts; what they read, the steps of teaching read less."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One way to teach: what differs from the reference, by options of the command line."""

    title: str
    teach: tuple[str, ...] = ()
    warm: tuple[str, ...] | None = None
    """Options of `contrast`, if there is a warm-up."""
    writing_share: float = 0.0
    """Share of the steps that teach to write; they come on top of those that teach to choose."""


CONDITIONS = {
    "reference": Condition("soft targets, half of the rows predicted, reading loss, no warm-up"),
    "winner": Condition("the winner's name alone", ("--choice", "winner")),
    "expected": Condition("the expected score", ("--choice", "expected")),
    "measured": Condition("measured rows alone", ("--measured",)),
    "no-reading": Condition("no reading loss", ("--reading-weight", "0")),
    "warm-profile": Condition("first a warm-up by score profiles", warm=("--loss", "profile")),
    "warm-paper": Condition("first the paper's warm-up", warm=("--loss", "margin", "--raw")),
    "sharper": Condition("soft targets, half as soft", ("--tau", "0.035")),
    "softer": Condition("soft targets, twice as soft", ("--tau", "0.14")),
    "balanced": Condition("also writing, optimizers in balance", ("--mixing", "balanced"), writing_share=0.3),
    "proportional": Condition("also writing, as optimizers win", ("--mixing", "proportional"), writing_share=0.3),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=Path)
    parser.add_argument("base", type=Path, help="what `llamoco-tune base compact` wrote")
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=tuple(CONDITIONS), default=tuple(CONDITIONS))
    arguments = parser.parse_args()
    quiet_transformers()
    for seed in range(arguments.seeds):
        for name in arguments.only:
            make(arguments.export, arguments.base, arguments.out, name, seed)
    training = training_of(read_instructions(arguments.export, split="train"))
    assert training is not None, "the export has too few training problems"
    problems = problems_of(read_instructions(arguments.export, split="validation"), fitted(training.measured))
    found = {name: judged(arguments.out, name, arguments.seeds, problems) for name in arguments.only}
    written = {
        name: writing_of(arguments.out, name, arguments.seeds)
        for name in arguments.only
        if CONDITIONS[name].writing_share
    }
    Console(width=200).print(table_of(found, problems, written))


def make(export: Path, base: Path, out: Path, name: str, seed: int) -> None:
    """Makes one run, or what is missing of it; one that is done says so at once."""
    condition, steps, run = CONDITIONS[name], STEPS, _run(out, name, seed)
    common = ["--data", str(export), *f"--recipe compact --seed {seed}".split()]
    if condition.warm is not None:
        warm = out / "warm" / f"{name}-{seed}"
        batch = f"--per-batch {WARM_PROMPTS} --micro-batch {WARM_PROMPTS} --steps {WARM_STEPS} --descent muon".split()
        _tune("contrast", *common, "--base", str(base), "--out", str(warm), *batch, *condition.warm)
        base, steps = warm, STEPS - WARM_STEPS * WARM_PROMPTS // PROMPTS
    share = condition.writing_share
    steps = round(steps / (1 - share))
    batch = f"--prompts {PROMPTS} --steps {steps} --writing-share {share} --extended-share 0.5".split()
    kept = f"--keep last --evaluate-every {steps} --save-every 100".split()
    _tune("teach", *common, "--base", str(base), "--out", str(run), *batch, *kept, *condition.teach)


def judged(out: Path, name: str, seeds: int, problems: Problems) -> NDArray[np.float64]:
    """(S, 2, P): what each seed's choices count for each problem, by one prompt and by the mean of all."""
    return np.array([judge_one(out, name, seed, problems) for seed in range(seeds)])


def judge_one(out: Path, name: str, seed: int, problems: Problems) -> NDArray[np.float64]:
    """(2, P): what a run's choices count for each problem; they are kept, and computed once."""
    kept = out / "choices" / f"{name}-{seed}.json"
    if not kept.is_file():
        log_RK, columns = choices_of(str(_run(out, name, seed)), problems)
        scores = [scores_of(problems, log_RK, columns, of=of).tolist() for of in (1, 10**6)]
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps({"problems": problems.ids, "scores": scores}), encoding="utf-8")
    read = json.loads(kept.read_text(encoding="utf-8"))
    assert read["problems"] == problems.ids, f"{kept} is of other problems"
    return np.array(read["scores"])


def table_of(found: Mapping[str, NDArray[np.float64]], problems: Problems, written: Mapping[str, str]) -> Table:
    """The table of all conditions, differences to the first.

    Args:
        written: what is to be said of writing, of the conditions that learn it.
    """
    seeds = len(next(iter(found.values())))
    table = Table(
        title=f"Gap closed by the choice on {len(problems.ids)} validation problems, {seeds} seeds [95 %]",
        title_justify="left",
    )
    for head in ("run", "one prompt", "seeds", "less the first", "mean of all prompts", "writing: rows, families"):
        table.add_column(head, justify="left" if head == "run" else "right")
    first, *_ = found
    for name, score_S2P in found.items():
        one_SP, all_SP = score_S2P[:, 0], score_S2P[:, 1]
        each = [f"{problems.gap(one_P)[0]:.0%}" for one_P in one_SP]
        less = "" if name == first else shown(problems.less(one_SP, found[first][:, 0]))
        table.add_row(
            CONDITIONS[name].title,
            shown(problems.gap(*one_SP)),
            " ".join(each),
            less,
            shown(problems.gap(*all_SP)),
            written.get(name, ""),
        )
    return table


def writing_of(out: Path, name: str, seeds: int) -> str:
    """The loss of writing at the end, in nats a token: the mean over rows; over families. Seeds are in brackets."""
    parts: list[str] = []
    last = [read_metrics(_run(out, name, seed))[-1].values for seed in range(seeds)]
    families = [key for key in last[0] if key.startswith("eval_loss_")]
    for keys in (["eval_loss"], families):
        each = [fmean(metrics[key] or math.nan for key in keys) for metrics in last]
        parts.append(f"{fmean(each):.4f} ({', '.join(f'{one:.4f}' for one in each)})")
    return "; ".join(parts)


def _run(out: Path, name: str, seed: int) -> Path:
    return out / "runs" / f"{name}-{seed}"


def _tune(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "llamoco_tune", *arguments], check=True)


if __name__ == "__main__":
    main()
