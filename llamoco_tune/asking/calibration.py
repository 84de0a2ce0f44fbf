# pyright: reportExplicitAny=false
"""Makes the guide of a model from an instruction set: requests, ranges, and how often its first choice is close."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llamoco_tune.asking.problem import Form, Stated
from llamoco_tune.asking.prompts import Prompted, parts_of, prompts_of, requests_of
from llamoco_tune.asking.reading import averaged
from llamoco_tune.choice import choice_log_probabilities, longest_scored
from llamoco_tune.forward import inside_forward
from llamoco_tune.guide import CLOSE, Guide, Seen, Worth, check_guide_can_be_written
from llamoco_tune.identity import content_digest
from llamoco_tune.instructions import TRAINING_SPLIT, VALIDATION_SPLIT, columns_of, rows_of
from llamoco_tune.model import Loaded, load
from llamoco_tune.named import place_of
from llamoco_tune.openings import Openings, read_openings
from llamoco_tune.records import TuningError
from llamoco_tune.snapshots import set_files
from llamoco_tune.tokens import Template
from llamoco_tune.trie import Trie

FACTS = ("form", "prompt", "wording", "dimension", "max_evaluations", "num_inequality", "num_equality")
NUM_GROUPS = 6
"""Groups of first choices, by their probability, of as many each."""
USUAL = 0.99
"""Share of validation problems whose style counts as usual."""
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Case:
    """A validation problem in one form, and what choosing each optimizer for it gives."""

    problem: Stated
    scores: dict[str, float]


def calibrate(model: str, data: Path, *, wordings: int, show: Callable[[str], None]) -> Guide:
    """The guide of a model; it takes about two minutes of one core for `ready` and the released set.

    Args:
        wordings: number of requests over which choices are averaged.
        show: called with a line for a person.

    Raises:
        TuningError: there is no such set, it lacks a split or a column, or there is no such model in a folder that can
            be written.
    """
    if not Path(place_of(model)).is_dir():
        raise TuningError(f"there is no folder {model}; a guide is kept beside a model's weights")
    check_guide_can_be_written(Path(place_of(model)))
    found = set_files(data)
    rows_of(found, VALIDATION_SPLIT)
    loaded = load(model)
    training, validation = (columns_of(found, split, FACTS) for split in (TRAINING_SPLIT, VALIDATION_SPLIT))

    def lengths(rows: Sequence[dict[str, Any]]) -> list[int]:
        texts = [stated_in(row).text for row in rows]
        return [len(ids) for ids in loaded.tokenizer(texts, add_special_tokens=False)["input_ids"]] if texts else []

    guide = Guide(
        model=content_digest(model),
        requests=requests_of(_prompted(row) for row in training),
        seen={form: _seen(form, training, validation, lengths) for form in sorted({row["form"] for row in training})},
        dimensions=_range(training, "dimension"),
        budgets=_range(training, "max_evaluations"),
        wordings=wordings,
        worth=(),
    )
    openings = read_openings(model)
    scores = [row.scores for row in rows_of(found, VALIDATION_SPLIT)]
    if openings is None or not all(scores):
        return guide
    problems = [row.problem_id for row in rows_of(found, VALIDATION_SPLIT)]
    firsts = {
        (problem, row["form"]): i
        for i, (problem, row) in reversed(list(enumerate(zip(problems, validation, strict=True))))
    }
    cases = [Case(stated_in(validation[i]), dict(scores[i])) for i in sorted(firsts.values())]
    return guide.model_copy(update={"worth": _measured(cases, guide, openings, loaded, show)})


def worth_of_choices(
    cases: Sequence[Case], optimizers: Sequence[str], log_NK: NDArray[np.float64]
) -> tuple[Worth, ...]:
    """How often first choices are close to the best, in groups of rising probability; shares never fall."""
    firsts = log_NK.argmax(1)
    close_N = np.array(
        [
            case.scores.get(optimizers[int(k)], 0.0) >= max(case.scores.values()) - CLOSE
            for case, k in zip(cases, firsts, strict=True)
        ]
    )
    probability_N = np.exp(log_NK.max(1))
    order = np.argsort(probability_N, kind="stable")
    groups = [list(part) for part in np.array_split(order, NUM_GROUPS) if len(part)]
    # Neighbours are pooled as long as a larger probability would be worth less (isotonic regression).
    pooled: list[list[np.intp]] = []
    for group in groups:
        pooled.append(group)
        while len(pooled) > 1 and close_N[pooled[-2]].mean() >= close_N[pooled[-1]].mean():
            last = pooled.pop()
            pooled[-1] = [*pooled[-1], *last]
    return tuple(
        Worth(
            least_probability=round(float(probability_N[group].min()), DIGITS),
            share=round(float(close_N[group].mean()), DIGITS),
            num_choices=len(group),
        )
        for group in pooled
    )


def _measured(
    cases: Sequence[Case], guide: Guide, openings: Openings, loaded: Loaded, show: Callable[[str], None]
) -> tuple[Worth, ...]:
    """The worth of choices on those problems whose prompts leave room for openings in what the model sees."""
    trie = Trie.of(openings)
    groups = [prompts_of(case.problem, guide, guide.wordings) for case in cases]
    ids = iter(Template.of(loaded.tokenizer).prompts_ids([prompt for group in groups for prompt in group]))
    asked = [(case, list(islice(ids, len(group)))) for case, group in zip(cases, groups, strict=True)]
    most = longest_scored(loaded.model, trie)
    fitting = [(case, group) for case, group in asked if max(map(len, group)) <= most]
    num_left_out = len(asked) - len(fitting)
    left_out = f"; {num_left_out:,} whose prompts leave no room for a program are left out" if num_left_out else ""
    num_prompts = sum(len(group) for _, group in fitting)
    show(f"{num_prompts:,} prompts of {len(fitting):,} validation problems, once in each form{left_out}")
    if not fitting:
        return ()
    inside_forward(loaded.model.eval())
    log_NK = choice_log_probabilities(loaded.model, trie, [prompt for _, group in fitting for prompt in group])
    ends = np.cumsum([len(group) for _, group in fitting])[:-1]
    means = [averaged(log_MK) for log_MK in np.split(log_NK, ends)]
    return worth_of_choices([case for case, _ in fitting], openings.optimizers, np.stack(means))


def stated_in(row: dict[str, Any]) -> Stated:
    """The problem of a row, as if it were asked about."""
    form: Form = row["form"]
    block = parts_of(row["prompt"])[1]
    return Stated(
        name="validation",
        form=form,
        text=block.removeprefix("```python\n").rstrip("\n").removesuffix("```") if form == "python" else block,
        dimension=row["dimension"],
        max_evaluations=row["max_evaluations"],
        is_constrained=row["num_inequality"] + row["num_equality"] > 0,
    )


def _prompted(row: dict[str, Any]) -> Prompted:
    problem = stated_in(row)
    assert problem.dimension is not None, "a row tells it"
    return Prompted(row["prompt"], row["wording"], problem.dimension, problem.max_evaluations, problem.is_constrained)


def _seen(
    form: Form,
    training: Sequence[dict[str, Any]],
    validation: Sequence[dict[str, Any]],
    lengths: Callable[[Sequence[dict[str, Any]]], list[int]],
) -> Seen:
    taught, others = ([row for row in rows if row["form"] == form] for rows in (training, validation))
    texts = [stated_in(row).text for row in others or taught]
    rates = np.array(lengths(others or taught)) / np.array([len(text) for text in texts])
    return Seen(tokens_per_character=round(float(np.quantile(rates, USUAL)), DIGITS), most_tokens=max(lengths(taught)))


def _range(rows: Sequence[dict[str, Any]], name: str) -> tuple[int, int]:
    values = [int(row[name]) for row in rows]
    return min(values), max(values)
