"""Figures of the device: its peak arithmetic, a model's arithmetic for a token, the memory in use."""

import resource

import torch
from torch import nn

PEAK_FLOPS = (
    ("H200 NVL", 836e12),
    ("H200", 989e12),
    ("H100 NVL", 836e12),
    ("H100 PCIe", 756e12),
    ("H100", 989e12),
    ("A100", 312e12),
    ("L40S", 362e12),
    ("RTX 4090", 165e12),
    ("V100-PCIE", 112e12),
    ("V100", 125e12),
    ("T4", 65e12),
)
"""Dense bf16 operations per second by a part of the device's name, of which the first that fits counts, from NVIDIA's
data sheets; fp16 for V100 and T4, which have no bf16 units."""


def peak_flops(device_name: str) -> float | None:
    """Peak operations per second of a GPU of this name; None if it is not in the table."""
    return next((peak for part, peak in PEAK_FLOPS if part in device_name), None)


def device_peak_flops() -> float | None:
    """`peak_flops` of the GPU that this process uses; None without one."""
    return peak_flops(torch.cuda.get_device_name()) if torch.cuda.is_available() else None


def flops_per_token(model: nn.Module) -> float:
    """Operations that training needs for a token: 6 N for N parameters that are all trained.

    Kaplan et al. 2020, section 2.1: two for each parameter forward, and two backward to the activations; two more for
    each that is trained. Attention and recomputed activations are left out, so a utilisation is somewhat too low.
    """
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    return sum(6.0 * size if trained else 4.0 * size for size, trained in sizes)


def peak_memory_bytes() -> int:
    """Peak memory so far: allocated on the GPU, or resident in this process if there is none."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
