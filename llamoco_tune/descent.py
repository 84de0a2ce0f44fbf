# pyright: reportExplicitAny=false
"""Muon for the matrices of the layers and AdamW for all other weights, as one rule that a trainer can step.

Muon (Jordan et al., https://kellerjordan.github.io/posts/muon, 2024) follows the momentum of a matrix with all its
singular values set to about one, so that a rare direction is learned as fast as a frequent one.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import override

from llamoco_tune.forward import decoder_of
from llamoco_tune.records import TuningError
from llamoco_tune.training import TrainConfig

MOMENTUM = 0.95


def muon_of(model: Any, config: TrainConfig) -> torch.optim.Optimizer:
    """The rule for a model's trained weights.

    Raises:
        TuningError: this release of torch has no Muon, the weights are sharded, or no trained layer is linear.
    """
    if not hasattr(torch.optim, "Muon"):
        raise TuningError(
            f"Muon needs torch 2.9 or later, and this is {torch.__version__}; install a later one, or give "
            "--descent adamw_torch"
        )
    if config.fsdp:
        raise TuningError("Muon needs whole matrices, and --fsdp shards them; give --descent adamw_torch")
    matrices = {
        id(layer.weight): layer.weight
        for layer in decoder_of(model).modules()
        if isinstance(layer, nn.Linear) and layer.weight.requires_grad
    }
    if not matrices:
        raise TuningError(
            "Muon is for the matrices of linear layers, and none is trained here: those of GPT-2, for one, are of "
            "another kind; give --descent adamw_torch"
        )
    others = [weight for weight in model.parameters() if weight.requires_grad and id(weight) not in matrices]
    return MuonAndAdamW(list(matrices.values()), others, config)


class MuonAndAdamW(torch.optim.Optimizer):
    """Two rules, each for its part of the weights, that are stepped, saved and restored as one."""

    def __init__(self, matrices: list[Tensor], others: list[Tensor], config: TrainConfig) -> None:
        muon = torch.optim.Muon(matrices, lr=config.matrix_rate, weight_decay=config.weight_decay, momentum=MOMENTUM)
        large = [weight for weight in others if weight.ndim > 1]
        small = [weight for weight in others if weight.ndim <= 1]
        adamw = torch.optim.AdamW(
            [{"params": large, "weight_decay": config.weight_decay}, {"params": small, "weight_decay": 0.0}],
            lr=config.learning_rate,
        )
        self._parts: tuple[torch.optim.Optimizer, ...] = (muon, adamw)
        super().__init__([*matrices, *others], {})
        self._share_groups()

    @override
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        loss = closure() if closure else None
        for part in self._parts:
            part.step()
        return loss

    @override
    def state_dict(self) -> dict[str, Any]:
        return {"parts": [part.state_dict() for part in self._parts]}

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for part, state in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self._share_groups()

    def _share_groups(self) -> None:
        """Shows the groups of the parts as its own, so that a schedule sets their learning rates."""
        self.param_groups: list[dict[str, Any]] = [group for part in self._parts for group in part.param_groups]
