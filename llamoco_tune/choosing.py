# pyright: reportExplicitAny=false
"""Learning to choose, as a part of teaching: its settings, its lessons, its loss, and how good the choices are.

The loss is that of choosing an opening, beside it that of a head which reads facts out of the prompt's last hidden
state. The head exists only while the model is trained.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from llamoco_tune.batches import Batch
from llamoco_tune.choice import choice_log_probabilities, prompts_of, scored_openings
from llamoco_tune.choice_plan import Lessons, features_of
from llamoco_tune.instructions import Example
from llamoco_tune.losses import choice_loss, expected_score_loss, unopened_nats
from llamoco_tune.openings import Openings, openings_of, targets_of
from llamoco_tune.records import Record, TuningError
from llamoco_tune.tokens import Encoded
from llamoco_tune.trie import Trie

UNOPENED_WEIGHT = 0.1
"""Weight of what a model gives to other tokens than openings. At first it gives them nearly all, and with the weight of
the choice these would rule the first hundreds of steps; the words themselves are soon learned."""
READING_HEAD = "reading_head"
"""Name of the head among a model's modules, while there is one."""


class ChoiceConfig(Record):
    """Settings of learning to choose."""

    loss: Literal["soft", "expected", "winner"] = "soft"
    """What is learned: `soft` is cross-entropy with softmax(score / tau) over all optimizers, `expected` the expected
    score, `winner` the name of the label's optimizer alone."""
    tau: float = Field(default=0.07, gt=0)
    """Temperature of the soft targets, in units of the score."""
    per_batch: int = Field(default=16, ge=1)
    """Number of prompts in a batch of choosing."""
    writing_share: float = Field(default=0.1, ge=0, lt=1)
    """Share of the steps that teach to write, with batches of answers; the others teach to choose."""
    swapped_share: float = Field(default=0.5, ge=0, lt=1)
    """Share of writing's answers that are another optimizer's than the best for the prompt, so that a program goes on
    as it began; the opening is not learned from them."""
    unread_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the swapped answers that follow a prompt which means nothing, so that a program goes on as it began
    whatever the model makes of the prompt."""
    extended: bool = True
    """Learn from unmeasured problems with predicted scores too, if the set has any."""
    extended_share: float = Field(default=0.5, ge=0, le=1)
    """Share of unmeasured problems in a batch of choosing."""
    reading_weight: float = Field(default=0.0, ge=0)
    """Weight of the loss of reading: the mean squared error of standardised facts that the statement tells."""
    restyled_share: float = Field(default=0.0, ge=0, le=1)
    """Share of training prompts whose Python is rewritten in other words, which a row keeps for the whole run."""
    noisy_share: float = Field(default=0.0, ge=0, le=1)
    """Share of training prompts that lose words, half of these to others that mean nothing."""
    num_problems: int = Field(default=128, ge=1)
    """Number of validation problems on which choices are evaluated, one prompt each."""


@dataclass(frozen=True, slots=True)
class Chooser:
    """What a trainer needs for learning to choose."""

    config: ChoiceConfig
    openings: Openings
    trie: Trie
    lessons: Lessons
    evaluated: Sequence[Encoded]
    """Validation rows on whose prompts choices are evaluated, one for each problem."""


def chooser_of(
    config: ChoiceConfig,
    training: Sequence[Encoded],
    extended: Sequence[Encoded],
    validation: Sequence[Encoded],
    *,
    context: int,
) -> Chooser:
    """Makes the lessons of all rows.

    Args:
        context: most tokens that the model sees at once. Prompts of unmeasured problems that leave no room for openings
            are left out; those of other rows leave room for a whole answer.

    Raises:
        TuningError: the rows have no scores, or no facts though these are to be learned, or their answers do not tell
            one optimizer from another.
    """
    openings = openings_of(answers_by_optimizer(training))
    trie = Trie.of(openings)
    rows = [*training, *(row for row in extended if row.num_prompt + trie.deepest <= context)]
    if config.loss == "winner":
        # Any difference of scores is large beside this temperature.
        scores: list[Mapping[str, float]] = [{row.example.optimizer: 1.0} for row in rows]
    else:
        scores = [row.example.scores for row in rows]
    if not any(scores) or any(row.example.single_best_score is None for row in validation):
        raise TuningError(
            "the rows have no scores of optimizers, which choosing is learned from and judged by; export the campaign "
            "again, or teach with --choice none"
        )
    targets_NK, scores_NK = targets_of(scores, openings.optimizers, tau=config.tau)
    features_NF = features_of(rows) if config.reading_weight else np.zeros((len(rows), 0), dtype=np.float32)
    if config.reading_weight and not features_NF.shape[1]:
        raise TuningError(
            "the rows do not say what their statements tell, so reading cannot be learned: sets have this from schema "
            "version 4 on; export the campaign again, or give --reading-weight 0"
        )
    lessons = Lessons(rows, len(training), targets_NK, scores_NK, features_NF)
    return Chooser(config, openings, trie, lessons, _one_each(validation, config.num_problems))


def choosing_loss(chooser: Chooser, report: Callable[[str, float], None]) -> Callable[[Any, Batch], Tensor]:
    """Returns the summed loss of a batch of prompts, to be computed inside the model's forward.

    Args:
        report: called with the name and the value of each part of the loss, means over the prompts.
    """
    config = chooser.config

    def loss(model: Any, batch: Batch) -> Tensor:
        scored = scored_openings(model, chooser.trie, batch)
        if config.loss == "expected":
            choosing = expected_score_loss(scored.choices, batch["scores"])
        else:
            choosing = choice_loss(scored.choices, batch["targets"])
        parts = {"choice": choosing, "unopened": unopened_nats(scored.choices, scored.likelihoods, batch["targets"])}
        total = choosing + UNOPENED_WEIGHT * parts["unopened"]
        if config.reading_weight:
            parts["reading"] = _reading_error(getattr(model, READING_HEAD), scored.states, batch["features"])
            total = total + config.reading_weight * parts["reading"]
        for name, value in parts.items():
            report(name, float(value.detach()) / len(batch["lengths"]))
        return total

    return loss


def attach_reading_head(model: Any, num_features: int) -> None:
    """Adds the head that predicts facts from the prompt's last hidden state; it is trained and saved like the rest."""
    width = model.get_input_embeddings().weight.shape[1]
    head = torch.nn.Linear(width, num_features)
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    setattr(model, READING_HEAD, head)


def detach_reading_head(model: Any) -> None:
    """Takes the head off again, if there is one: the model is as it was made."""
    if hasattr(model, READING_HEAD):
        delattr(model, READING_HEAD)


def reading_head_of(model: Any) -> Any:
    """The head of reading; None if there is none."""
    return getattr(model, READING_HEAD, None)


def choices_found(chooser: Chooser, model: Any, *, go_on: Callable[[], None] = lambda: None) -> dict[str, float]:
    """How good the model's choices are on validation problems, by the scores in their rows; nothing is run."""
    rows = chooser.evaluated
    log_NK = choice_log_probabilities(model, chooser.trie, prompts_of(rows), go_on=go_on)
    examples = [row.example for row in rows]
    targets_NK, _ = targets_of([each.scores for each in examples], chooser.openings.optimizers, tau=chooser.config.tau)
    chosen = [chooser.openings.optimizers[k] for k in log_NK.argmax(1)]
    return {
        **judged(examples, chosen),
        "choice_loss": float(-(targets_NK * log_NK).sum(1).mean()),
        "choice_kinds": float(len(set(chosen))),
    }


def judged(examples: Sequence[Example], chosen: Sequence[str]) -> dict[str, float]:
    """The gap closed by choices, and shares of those that are the label's optimizer and that were not scored at all.

    The gap closed is (mean score of the choices - mean of the single best solver) / (mean of the virtual best solver -
    mean of the single best solver). An optimizer that is not among a row's scores counts as 0, like random search: it
    does not apply to the problem, or an informed race expected it to lose.
    """
    score_N = np.array([each.scores.get(name, 0.0) for each, name in zip(examples, chosen, strict=True)])
    best_N = np.array([max(each.scores.values(), default=0.0) for each in examples])
    single_N = np.array([each.single_best_score or 0.0 for each in examples])
    return {
        "gap_closed": _gap(score_N, single_N, best_N),
        "choice_score": float(score_N.mean()),
        "choice_right": _share([each.optimizer == name for each, name in zip(examples, chosen, strict=True)]),
        "choice_unscored": _share([name not in each.scores for each, name in zip(examples, chosen, strict=True)]),
    }


def _gap(score_N: NDArray[np.float64], single_N: NDArray[np.float64], best_N: NDArray[np.float64]) -> float:
    width = best_N.mean() - single_N.mean()
    return float((score_N.mean() - single_N.mean()) / width) if width > 0 else 0.0


def _share(which: Sequence[bool]) -> float:
    return sum(which) / len(which) if which else 0.0


def answers_by_optimizer(rows: Sequence[Encoded]) -> dict[str, list[list[int]]]:
    """Tokens of the different answers of each optimizer."""
    found: dict[str, dict[str, list[int]]] = {}
    for row in rows:
        texts = found.setdefault(row.example.optimizer, {})
        if row.example.answer not in texts:
            texts[row.example.answer] = row.ids[row.num_prompt :].tolist()
    return {name: list(texts.values()) for name, texts in found.items()}


def _one_each(rows: Sequence[Encoded], count: int) -> list[Encoded]:
    """A row of each of some problems at even distances; the forms and wordings of statements take turns."""
    by_problem: dict[str, list[Encoded]] = {}
    for row in rows:
        by_problem.setdefault(row.example.problem_id, []).append(row)
    problems = [by_problem[name] for name in sorted(by_problem)]
    step = max(1.0, len(problems) / count)
    taken = [problems[int(i * step)] for i in range(min(count, len(problems)))]
    return [each[i % len(each)] for i, each in enumerate(taken)]


def _reading_error(head: Any, states_BH: Tensor, features_BF: Tensor) -> Tensor:
    """Mean squared error over the features, summed over the rows."""
    return functional.mse_loss(head(states_BH).float(), features_BF, reduction="none").mean(1).sum()
