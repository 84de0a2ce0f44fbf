"""Measures batched generation beside the library's own `generate`, one prompt after the other: tokens a second.

    python tests/benchmarks/generation.py BASE

BASE is a folder with a model, such as `llamoco-tune base smollm2 --out BASE` makes. Both write as many tokens, for
prompts as long as those of an instruction set, and reading the prompts counts. Exits with 1 where no batch is 4 times
as fast.
"""

import argparse
import os
import sys
import time
from types import SimpleNamespace
from typing import Any

from llamoco_tune.cli.commands import SPINS

os.environ.setdefault("GOMP_SPINCOUNT", SPINS)

import torch

from llamoco_tune.decoding import DecodingConfig, write
from llamoco_tune.model import Loaded, computed_in, load
from llamoco_tune.quiet import quiet_transformers
from llamoco_tune.tokens import Template

BAR = 4.0
WORDS = "Minimize the following function of {n} variables with no more than {n} evaluations: "
TERM = "{c} * (x[{i}] - {c})**2 + "


def prompts(loaded: Loaded, count: int) -> list[list[int]]:
    """Of 300 to 900 tokens, as in the exports."""
    template = Template.of(loaded.tokenizer)
    asked: list[list[int]] = []
    for i in range(count):
        terms = "".join(TERM.format(c=0.37 * j + i, i=j) for j in range(60))
        asked.append(template.prompt_ids(WORDS.format(n=i) + terms)[: 300 + 600 * i // count])
    return asked


def one_by_one(model: Any, asked: list[list[int]], num_new: int) -> float:
    began = time.perf_counter()
    for prompt in asked:
        ids = torch.tensor([prompt])
        model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=num_new, do_sample=False)
    return len(asked) * num_new / (time.perf_counter() - began)


def batched(model: Any, asked: list[list[int]], num_new: int, num_slots: int) -> float:
    began = time.perf_counter()
    config = DecodingConfig(max_new_tokens=num_new)
    rows = list(write(model, SimpleNamespace(eos_token_id=None), asked, config, num_slots=num_slots))
    assert all(row.num_tokens == num_new for row in rows)
    return len(asked) * num_new / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("--precision", choices=["auto", "fp32", "bf16"], default="auto")
    parser.add_argument("--num-new", type=int, default=512)
    parser.add_argument("--slots", type=int, nargs="+", default=[16])
    parser.add_argument("--alone", type=int, default=2, help="prompts that are answered one by one")
    arguments = parser.parse_args()
    quiet_transformers()
    precision = computed_in(arguments.precision, "cpu")
    loaded = load(arguments.base, precision=precision, device="cpu")
    loaded.model.eval()
    # No end: both write as much as they may.
    loaded.model.generation_config.eos_token_id = None
    loaded.model.generation_config.pad_token_id = None
    asked = prompts(loaded, max(arguments.slots))
    step = len(asked) // arguments.alone
    alone = one_by_one(loaded.model, asked[::step], arguments.num_new)
    print(f"{precision}, {torch.get_num_threads()} threads, one by one: {alone:.1f} tokens/s", flush=True)
    ratios: list[float] = []
    for num_slots in arguments.slots:
        speed = batched(loaded.model, asked[:: len(asked) // num_slots], arguments.num_new, num_slots)
        ratios.append(speed / alone)
        print(f"{num_slots:3} at once: {speed:.1f} tokens/s, {ratios[-1]:.1f} times as fast", flush=True)
    sys.exit(0 if max(ratios) >= BAR else 1)


if __name__ == "__main__":
    main()
