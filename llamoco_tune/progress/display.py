"""Shows training: a live line in a terminal, elsewhere a plain line now and then."""

import contextlib
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import Progress

from llamoco_tune.display import duration, live_bar, plain_lines, whole_line

SPEED_SUFFIXES = ("_runtime", "_per_second", "_preparation_time")
"""Endings of the names of an evaluation's speeds, which the trainer logs beside its results."""
OF_A_PART = "loss_"
"""Part of the name of a loss on one family only, of which there are too many for a line."""


@dataclass(frozen=True, slots=True)
class StepReport:
    """A step of training as a person is told of it; None means unknown yet."""

    step: int
    steps: int
    loss: float | None = None
    learning_rate: float | None = None
    tokens_per_s: float | None = None
    utilisation: float | None = None
    left_s: float | None = None
    evaluation: Mapping[str, float | None] = field(default_factory=dict)
    """Results of an evaluation at this step, if it had one."""


Show = Callable[[StepReport], None]


@contextlib.contextmanager
def training_display(console: Console | None) -> Generator[Show]:
    """Yields a function that shows a report; nothing is shown without a console."""
    if console is None:
        yield lambda _: None
    elif console.is_terminal:
        with live_bar(console, transient=False) as bar:
            yield _live_line(bar)
    else:
        yield _plain_lines(console)


def describe(at: StepReport) -> str:
    """For example `step 12/300  loss 1.234  lr 5.0e-05  812 tokens/s  31 % of peak  4 min 20 s left`."""
    facts = (
        ("step {:,}", at.step),
        ("loss {:.3f}", at.loss),
        ("lr {:.1e}", at.learning_rate),
        ("{:,.0f} tokens/s", at.tokens_per_s),
        ("{:.0%} of peak", at.utilisation),
    )
    parts = [text.format(value).replace("%", " %") for text, value in facts if value is not None]
    parts[0] += f"/{at.steps:,}"
    if at.left_s is not None and at.step < at.steps:
        parts.append(f"{duration(at.left_s)} left")
    return "  ".join(parts)


def describe_evaluation(at: StepReport) -> str:
    """For example `step 200/300  evaluation: loss 1.234  accuracy 0.91`, without speeds and losses by family."""
    results = {name: value for name, value in at.evaluation.items() if not name.endswith(SPEED_SUFFIXES)}
    shown = {name: value for name, value in results.items() if OF_A_PART not in name}
    words = [
        f"{name.removeprefix('eval_').replace('_', ' ')} {'not finite' if value is None else f'{value:.4g}'}"
        for name, value in shown.items()
    ]
    return "  ".join([f"step {at.step:,}/{at.steps:,}", f"evaluation: {'  '.join(words)}"])


def _live_line(bar: Progress) -> Show:
    task = bar.add_task("starting", total=None)

    def show(at: StepReport) -> None:
        if at.evaluation:
            whole_line(bar.console, describe_evaluation(at))
        else:
            bar.update(task, description=describe(at), completed=at.step, total=at.steps)

    return show


def _plain_lines(console: Console) -> Show:
    say = plain_lines(console, at_once=True)

    def show(at: StepReport) -> None:
        if at.evaluation:
            whole_line(console, describe_evaluation(at))
        elif at.loss is not None:
            say(describe(at), at.step == at.steps)

    return show
