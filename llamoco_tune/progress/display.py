"""Training, as a person sees it: a live line in a terminal, a plain line now and then elsewhere."""

import contextlib
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

PLAIN_EVERY_S = 10.0
"""Seconds between two lines where there is no terminal."""
SPEED_SUFFIXES = ("_runtime", "_per_second", "_preparation_time")
"""Of what the trainer logs of an evaluation beside its results."""
OF_A_PART = "loss_"
"""In the name of a loss on some of the rows: there are too many for a line."""
UNITS = (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "s", 1))


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in training; None is not known yet."""

    step: int
    steps: int
    loss: float | None = None
    learning_rate: float | None = None
    tokens_per_s: float | None = None
    utilisation: float | None = None
    left_s: float | None = None
    evaluation: Mapping[str, float | None] = field(default_factory=dict)
    """Results of an evaluation at this step, if it had one."""


Show = Callable[[Moment], None]


@contextlib.contextmanager
def training_display(console: Console | None) -> Generator[Show]:
    """Yields what to call with each moment; nothing is shown without a console."""
    if console is None:
        yield lambda _: None
    elif console.is_terminal:
        with _bar(console) as bar:
            yield _live_line(bar)
    else:
        yield _plain_lines(console)


def describe(moment: Moment) -> str:
    """For example `step 12/300  loss 1.234  lr 5.0e-05  812 tokens/s  31 % of peak  4 min 20 s left`."""
    facts = (
        ("step {:,}", moment.step),
        ("loss {:.3f}", moment.loss),
        ("lr {:.1e}", moment.learning_rate),
        ("{:,.0f} tokens/s", moment.tokens_per_s),
        ("{:.0%} of peak", moment.utilisation),
    )
    parts = [text.format(value).replace("%", " %") for text, value in facts if value is not None]
    parts[0] += f"/{moment.steps:,}"
    if moment.left_s is not None and moment.step < moment.steps:
        parts.append(f"{duration(moment.left_s)} left")
    return "  ".join(parts)


def describe_evaluation(moment: Moment) -> str:
    """For example `step 200/300  evaluation: loss 1.234  accuracy 0.91`, not its speed, nor losses by family."""
    results = {name: value for name, value in moment.evaluation.items() if not name.endswith(SPEED_SUFFIXES)}
    shown = {name: value for name, value in results.items() if OF_A_PART not in name}
    words = [
        f"{name.removeprefix('eval_').replace('_', ' ')} {'not finite' if value is None else f'{value:.4g}'}"
        for name, value in shown.items()
    ]
    return "  ".join([f"step {moment.step:,}/{moment.steps:,}", f"evaluation: {'  '.join(words)}"])


def duration(seconds: float) -> str:
    """A span of time in its two largest units: `45 s`, `3 min 20 s`, `5 h 10 min`, `2 d 3 h`."""
    whole = max(0, round(seconds))
    for unit, size, smaller, small_size in UNITS:
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // small_size} {smaller}"
    return f"{whole} s"


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        BarColumn(bar_width=20),
        TextColumn("{task.description}", markup=False),
        console=console,
        refresh_per_second=5,
    )


def _live_line(bar: Progress) -> Show:
    task = bar.add_task("starting", total=None)

    def show(moment: Moment) -> None:
        if moment.evaluation:
            bar.console.print(describe_evaluation(moment), soft_wrap=True, highlight=False)
        else:
            bar.update(task, description=describe(moment), completed=moment.step, total=moment.steps)

    return show


def _plain_lines(console: Console) -> Show:
    last = -PLAIN_EVERY_S

    def show(moment: Moment) -> None:
        nonlocal last
        now = time.monotonic()
        if moment.evaluation:
            console.print(describe_evaluation(moment), soft_wrap=True, highlight=False)
        elif moment.loss is not None and (now - last >= PLAIN_EVERY_S or moment.step == moment.steps):
            last = now
            console.print(describe(moment), soft_wrap=True, highlight=False)

    return show
