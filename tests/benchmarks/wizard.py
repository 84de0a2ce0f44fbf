"""Compares our single best solver and the label with nevergrad's NGOpt, a wizard that chooses by hand-made rules.

    python -m tests.benchmarks.wizard                                      # a quarter of an hour and more
    python -m tests.benchmarks.wizard --optimizers bobyqa --problems 6     # a few minutes

The problems have no constraints and are drawn like those of recipe `standard`, from seeds that no recipe uses. The
single best solver is the optimizer, with its first settings, that does best on other problems, unless `--single` names
it. An optimizer scores 0 where it declines. The label is the best optimizer by the other seeds. NGOpt runs in an
environment with NumPy 1 that is made in `.cache/nevergrad`; its points come here through a pipe, are evaluated by our
evaluator within our budget, and are scored like everybody's. Its runs are kept in `.cache/wizard` and made once.

Prints means, differences with 95 % intervals by a bootstrap over problems, and processor seconds a run; exits with 1
where the single best solver is not ahead.
"""

import argparse
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from llamoco_data.portfolio import BASELINE, OPTIMIZER_BY_NAME, OPTIMIZERS, portfolio, render
from llamoco_data.problems.evaluation import Meter, build
from llamoco_data.problems.sampling import sample
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.recipes import standard
from llamoco_data.runs import RunRecord, program_id, recorded, run_id, run_program
from llamoco_data.scoring.intervals import mean_interval, resampled
from llamoco_data.threads import ONE_THREAD
from llamoco_data.verdicts import contest
from tests.benchmarks.wizard_player import GAME, GOES_ON, VALUE

CACHE = Path(__file__).parents[2] / ".cache"
PLAYER = Path(__file__).with_name("wizard_player.py")
REQUIREMENTS = ("nevergrad==1.0.12", "numpy<2")
WIZARD = "NGOpt"
JUDGED_SEED, CHOOSING_SEED = 505, 506
FLOOR_REPEATS = 3
"""Runs of random search on a problem, whose median is the floor."""
PATIENCE_S = 300.0
"""Time to wait for one point."""


class Wizard:
    """An optimizer of nevergrad that plays in a process of its own, evaluated here."""

    def __init__(self, python: Path, name: str = WIZARD) -> None:
        self.program = f"{name} of {REQUIREMENTS[0]}\n{PLAYER.read_text(encoding='utf-8')}"
        self.process = subprocess.Popen(
            [python, PLAYER, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=os.environ | ONE_THREAD,
        )

    def run(self, spec: ProblemSpec, seed: int) -> RunRecord:
        """One run on a problem.

        Raises:
            RuntimeError: the player asked for no point, ended or does not answer.
            BrokenPipeError: the player had ended before.
        """
        problem = build(spec)
        meter = Meter(problem)
        lower, width = problem.lower, problem.upper - problem.lower
        self._write(GAME.pack(spec.dimension, spec.max_evaluations, seed))
        while True:
            said, *point = np.frombuffer(self._read(VALUE.size * (1 + spec.dimension))).tolist()
            if said != GOES_ON and not meter.evaluations:
                raise RuntimeError("nevergrad failed before its first point; the traceback is above")
            if said != GOES_ON:
                return recorded(self.program, problem, seed, meter, "completed", "", said)
            x = np.minimum(lower + np.array(point) * width, problem.upper)
            self._write(VALUE.pack(meter.objective(x)))

    def kept(self, spec: ProblemSpec, seed: int, folder: Path) -> RunRecord:
        """The run that the folder has, or one that is made and kept there."""
        name = run_id(spec.problem_id, program_id(self.program), seed, spec.max_evaluations)
        file = folder / f"{name}.json"
        if not file.exists():
            folder.mkdir(parents=True, exist_ok=True)
            file.write_text(self.run(spec, seed).to_json(), encoding="utf-8")
        return RunRecord.from_json(file.read_text(encoding="utf-8"))

    def close(self) -> None:
        """Ends the player, which might not end by itself."""
        self.process.kill()
        self.process.communicate()

    def _write(self, frame: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(frame)

    def _read(self, size: int) -> bytes:
        assert self.process.stdout is not None
        frame = b""
        while len(frame) < size:
            ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
            part = self.process.stdout.read(size - len(frame)) if ready else b""
            if not part:
                raise RuntimeError(f"the player of nevergrad ended, or was silent for {PATIENCE_S:g} s")
            frame += part
        return frame


def environment(folder: Path) -> Path:
    """The Python of an environment with nevergrad, which is made where it is missing."""
    python = folder / "bin" / "python"
    made = folder / "made"
    if not made.exists():
        print(f"installing {', '.join(REQUIREMENTS)} in {folder}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *REQUIREMENTS], check=True)
        made.touch()
    return python


@dataclass(slots=True)
class Scores:
    """Scores by problem, and what they cost."""

    by_name: dict[str, list[NDArray[np.float64]]] = field(default_factory=dict)
    """Optimizer -> for each problem the score of each run."""
    cpu_s: dict[str, list[float]] = field(default_factory=dict)
    """Optimizer -> for each problem the median processor seconds of a run."""

    def means(self, name: str) -> NDArray[np.float64]:
        """The mean score on each problem."""
        return np.array([scores.mean() for scores in self.by_name[name]])

    def add(self, spec: ProblemSpec, records: dict[str, list[RunRecord]]) -> None:
        """Adds a problem; who has no runs there declines it."""
        floor = [run_of(BASELINE, spec, seed) for seed in range(FLOOR_REPEATS)]
        compared = contest([*(record for runs in records.values() for record in runs if runs), *floor])
        repeats = max(len(runs) for runs in records.values())
        for name, runs in records.items():
            nothing = np.zeros(repeats)
            scores = compared.scores[compared.candidates.index(runs[0].candidate_id)] if runs else nothing
            self.by_name.setdefault(name, []).append(scores)
            self.cpu_s.setdefault(name, []).append(float(np.median([run.cpu_s for run in runs])) if runs else 0.0)


def run_of(name: str, spec: ProblemSpec, seed: int) -> RunRecord:
    return run_program(render(portfolio((name,))[0], spec), spec, seed)


def runs_of(name: str, spec: ProblemSpec, repeats: int) -> list[RunRecord]:
    """The runs of an optimizer; none where it declines."""
    declines = OPTIMIZER_BY_NAME[name].declines(spec)
    return [] if declines else [run_of(name, spec, seed) for seed in range(repeats)]


def problems(seed: int, count: int) -> list[ProblemSpec]:
    mixture = standard().mixture.model_copy(update={"constrained_share": 0.0})
    return [sample(mixture, seed, index) for index in range(count)]


def chosen(names: Sequence[str], count: int) -> str:
    """The optimizer with the best mean score on problems that are not judged."""
    if len(names) == 1:
        return names[0]
    scores = Scores()
    for spec in problems(CHOOSING_SEED, count):
        scores.add(spec, {name: runs_of(name, spec, 1) for name in names})
    return max(names, key=lambda name: scores.means(name).mean())


def label(scores: Scores, names: Sequence[str]) -> NDArray[np.float64]:
    """For each problem, the mean score with a seed of the optimizer that is best with the other seeds."""
    of_NPR = np.array([scores.by_name[name] for name in names])
    repeats = of_NPR.shape[2]
    by_seed: list[NDArray[np.float64]] = []
    for seed in range(repeats):
        others = np.delete(of_NPR, seed, axis=2).mean(axis=2) if repeats > 1 else of_NPR[:, :, seed]
        by_seed.append(np.take_along_axis(of_NPR[:, :, seed], others.argmax(axis=0)[None], axis=0)[0])
    return np.mean(by_seed, axis=0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--optimizers", nargs="+", metavar="NAME", help="ours; default: all that need no constraints")
    parser.add_argument("--single", metavar="NAME", help="the single best solver, if it is not to be chosen")
    parser.add_argument("--problems", type=int, default=60, help="problems that are judged, and that choose")
    parser.add_argument("--repeats", type=int, default=3, help="seeds of ours")
    parser.add_argument("--wizard-repeats", type=int, default=1, help="seeds of NGOpt, which takes seconds a run")
    arguments = parser.parse_args()
    without = [o.name for o in OPTIMIZERS if not o.needs_constraints and o.name != BASELINE]
    names: list[str] = list(dict.fromkeys([*(arguments.optimizers or without), *filter(None, [arguments.single])]))
    unknown = sorted(set(names) - set(OPTIMIZER_BY_NAME))
    if unknown:
        parser.error(f"the portfolio lacks {', '.join(unknown)}")
    single: str = arguments.single or chosen(names, arguments.problems)
    wizard = Wizard(environment(CACHE / "nevergrad"))
    scores = Scores()
    specs = problems(JUDGED_SEED, arguments.problems)
    try:
        for spec in specs:
            ours = {name: runs_of(name, spec, arguments.repeats) for name in names}
            theirs = [wizard.kept(spec, seed, CACHE / "wizard") for seed in range(arguments.wizard_repeats)]
            scores.add(spec, {**ours, WIZARD: theirs})
    finally:
        wizard.close()
    return report(scores, single, names, [spec.problem_id for spec in specs])


def report(scores: Scores, single: str, names: Sequence[str], problem_ids: Sequence[str]) -> int:
    """Prints means and differences; 1 where the single best solver is not ahead."""
    console = Console(width=110)
    table = Table("who", "score", "less NGOpt, with its 95 % interval", "processor s a run")
    shares = resampled(problem_ids)
    wizards = scores.means(WIZARD)
    rows = {
        "label, the best by the other seeds": label(scores, names),
        f"single best solver: {single}": scores.means(single),
        WIZARD: wizards,
        **{name: scores.means(name) for name in sorted(names, key=lambda name: -scores.means(name).mean())},
    }
    for who, means in rows.items():
        interval = mean_interval(means - wizards, shares) or (np.nan, np.nan)
        difference = f"{(means - wizards).mean():+.3f} [{interval[0]:+.3f}, {interval[1]:+.3f}]"
        times = scores.cpu_s.get(single if who.startswith("single") else who)
        cost = "" if times is None else f"{np.mean(times):.2f}"
        table.add_row(who, f"{means.mean():.3f}", "" if who == WIZARD else difference, cost)
    console.print(table)
    lead = float((scores.means(single) - wizards).mean())
    verdict = "met   " if lead > 0 else "MISSED"
    console.print(f"{verdict}  {single} less {WIZARD}: {lead:+.3f} on {len(problem_ids)} problems (bar > 0)")
    return 0 if lead > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
