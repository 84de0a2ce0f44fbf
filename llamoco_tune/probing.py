# pyright: reportExplicitAny=false
"""Measures how well a linear probe predicts the best optimizer from embeddings, before and after the warm-up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from llamoco_tune.batches import Batch
from llamoco_tune.forward import embeddings
from llamoco_tune.tokens import Encoded

RIDGE = 0.1
"""Penalty of the probe, in units of the mean eigenvalue of the features' covariance."""


@dataclass(frozen=True, slots=True)
class Probed:
    """Embeddings of prompts, in the order of the rows."""

    training: NDArray[np.float32]
    """Embeddings of training prompts, (N, H)."""
    held_out: NDArray[np.float32]
    """Embeddings of held-out prompts, (M, H)."""


def probed(model: Any, training: Sequence[Encoded], held_out: Sequence[Encoded]) -> Probed:
    """The embeddings of the prompts of two sets of rows."""
    return Probed(embedded(model, training), embedded(model, held_out))


@torch.inference_mode()
def embedded(model: Any, rows: Sequence[Encoded], *, per_batch: int = 16) -> NDArray[np.float32]:
    """The embedding of each row's prompt, (N, H)."""
    order = sorted(range(len(rows)), key=lambda i: rows[i].num_prompt)
    found: list[NDArray[np.float32]] = [np.empty(0, dtype=np.float32)] * len(rows)
    for start in range(0, len(rows), per_batch):
        places = order[start : start + per_batch]
        batch = _prompts([rows[i] for i in places], model.device)
        embedded_BH = model(inside=_embeddings, batch=batch).float().cpu().numpy()
        for place, vector in zip(places, embedded_BH, strict=True):
            found[place] = vector
    return np.stack(found)


def linear_probe(
    training_NH: NDArray[np.float32], labels_N: Sequence[str], held_out_MH: NDArray[np.float32], labels_M: Sequence[str]
) -> float:
    """Accuracy on held-out rows of a ridge classifier on standardised embeddings, one output a label.

    The label with the largest output is its answer (Hastie, Tibshirani & Friedman, The Elements of Statistical
    Learning, section 4.2, with a ridge penalty).
    """
    names = sorted(set(labels_N))
    mean_H, scale_H = training_NH.mean(0), training_NH.std(0) + 1e-6
    x_NH, x_MH = ((each.astype(np.float64) - mean_H) / scale_H for each in (training_NH, held_out_MH))
    target_NC = np.array([[name == label for name in names] for label in labels_N], dtype=np.float64)
    centre_C = target_NC.mean(0)
    gram_NN = x_NH @ x_NH.T
    penalty = RIDGE * np.trace(gram_NN) / len(x_NH)
    dual_NC = np.linalg.solve(gram_NN + penalty * np.eye(len(x_NH)), target_NC - centre_C)
    guess_M = np.argmax(x_MH @ (x_NH.T @ dual_NC) + centre_C, axis=1)
    return float(np.mean([names[guess] == label for guess, label in zip(guess_M, labels_M, strict=True)]))


def majority_share(labels_N: Sequence[str], labels_M: Sequence[str]) -> float:
    """Accuracy of always answering the most frequent training label."""
    most = max(sorted(set(labels_N)), key=labels_N.count)
    return float(np.mean([label == most for label in labels_M]))


def one_each(rows: Sequence[Encoded], count: int) -> tuple[Encoded, ...]:
    """The first row of each problem, of at most `count` problems."""
    first = {row.example.problem_id: row for row in reversed(rows)}
    return tuple(list(first.values())[::-1][:count])


def _prompts(rows: Sequence[Encoded], device: Any) -> Batch:
    longest = max(row.num_prompt for row in rows)
    ids_BT = torch.zeros(len(rows), longest, dtype=torch.int64)
    for place, row in enumerate(rows):
        ids_BT[place, : row.num_prompt] = torch.from_numpy(row.ids[: row.num_prompt])
    lengths_B = torch.tensor([row.num_prompt for row in rows])
    return {"input_ids": ids_BT.to(device), "lengths": lengths_B.to(device)}


def _embeddings(model: Any, batch: Batch) -> torch.Tensor:
    return embeddings(model, batch["input_ids"], batch["lengths"])
