# pyright: reportExplicitAny=false
"""Measures a step of teaching beside TRL's SFTTrainer, and batched generation beside one prompt after the other.

    python tests/benchmarks/tuning.py BASE EXPORT

BASE is a folder with a model, EXPORT what `llamoco-data export` wrote. Both trainers take the same rows in the same
batches, in the same precision, and move every weight by AdamW; each in a process of its own, in turn, for a peak of
memory that is its own. Steps are timed from the end of the first. Exits with 1 where teaching is slower than TRL or
takes more memory, or generation is not 4 times as fast.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from llamoco_tune.cli.commands import SPINS

os.environ.setdefault("GOMP_SPINCOUNT", SPINS)

import torch
from transformers import TrainerCallback
from typing_extensions import override

from llamoco_tune import model as models
from llamoco_tune.batches import Batch, packed, stacked
from llamoco_tune.evaluation import EvaluationConfig
from llamoco_tune.instructions import read_split
from llamoco_tune.progress import TokenCount
from llamoco_tune.progress.devices import peak_memory_bytes
from llamoco_tune.quiet import quiet_transformers
from llamoco_tune.stopping import StopWish
from llamoco_tune.teach import AnswerTrainer, TeachConfig
from llamoco_tune.tokens import Encoded, Template, encode
from llamoco_tune.training import TrainConfig, computed_in, only, trainer_arguments

MAX_TOKENS = 1_600
GENERATION = Path(__file__).with_name("generation.py")


class Clock(TrainerCallback):
    """Notes when each step ended, on the GPU too."""

    def __init__(self) -> None:
        self.ended: list[float] = []

    @override
    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.ended.append(time.perf_counter())


def rows_of(base: str, export: Path, count: int) -> tuple[Any, list[Encoded]]:
    """The tokenizer, and rows of about one length in every batch."""
    loaded = models.load(base)
    every = encode(read_split(export, "train"), Template.of(loaded.tokenizer), max_tokens=MAX_TOKENS).rows
    chosen = every[:: max(1, len(every) // count)][:count]
    return loaded, sorted(chosen, key=lambda row: len(row.ids))


def ours(loaded: Any, rows: list[Encoded], per_batch: int, out: Path) -> Clock:
    """Steps of our trainer."""
    groups = [rows[i : i + per_batch] for i in range(0, len(rows), per_batch)]
    batches: Any = [_padded(group) for group in groups]
    train = TrainConfig(learning_rate=1e-5, evaluate_every=10_000, save_every=10_000)
    model, clock = models.prepared(loaded.model, None, compiled=False), Clock()
    evaluated: Any = rows[:1]
    trainer = AnswerTrainer(
        model=model, args=trainer_arguments(train, out, len(batches)), train_dataset=batches, eval_dataset=evaluated,
        data_collator=only, callbacks=[clock],
    )  # fmt: skip
    trainer.args.save_strategy = "no"
    trainer.prepare(
        TeachConfig(train=train, evaluation=EvaluationConfig(num_programs=0)), TokenCount(), None, {}, StopWish()
    )
    trainer.train()
    return clock


def theirs(loaded: Any, rows: list[Encoded], per_batch: int, out: Path) -> Clock:
    """Steps of TRL's trainer on the same batches."""
    from datasets import Dataset  # noqa: PLC0415 - only for this contender
    from torch.utils.data import SequentialSampler  # noqa: PLC0415
    from trl.trainer.sft_config import SFTConfig  # noqa: PLC0415
    from trl.trainer.sft_trainer import SFTTrainer  # noqa: PLC0415

    class InOrder(SFTTrainer):
        @override
        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            dataset: Any = train_dataset or self.train_dataset
            return SequentialSampler(dataset)

    columns = {
        "input_ids": [row.ids.tolist() for row in rows],
        "completion_mask": [[0] * row.num_prompt + [1] * (len(row.ids) - row.num_prompt) for row in rows],
    }
    clock = Clock()
    trainer = InOrder(
        model=loaded.model,
        args=SFTConfig(
            output_dir=str(out), per_device_train_batch_size=per_batch, num_train_epochs=1, learning_rate=1e-5,
            completion_only_loss=True, max_length=None, bf16=computed_in("auto") == "bf16",
            use_cpu=not torch.cuda.is_available(), report_to="none", gradient_checkpointing=False, save_strategy="no",
            disable_tqdm=True, logging_steps=1,
        ),
        processing_class=loaded.tokenizer,
        train_dataset=Dataset.from_dict(columns),
        callbacks=[clock],
    )  # fmt: skip
    trainer.train()
    return clock


def _padded(group: list[Encoded]) -> Batch:
    length = max(len(row.ids) for row in group)
    return stacked([packed([row], length) for row in group])


def one(who: str, base: str, export: Path, num_rows: int, per_batch: int) -> None:
    """One contender, in this process; prints what it took as JSON."""
    quiet_transformers()
    loaded, rows = rows_of(base, export, num_rows)
    with tempfile.TemporaryDirectory() as out:
        clock = (ours if who == "ours" else theirs)(loaded, rows, per_batch, Path(out))
    timed = rows[per_batch:]
    seconds = clock.ended[-1] - clock.ended[0]
    tokens = sum(len(row.ids) for row in timed)
    print(json.dumps({"tokens_per_s": tokens / seconds, "peak_gb": peak_memory_bytes() / 1e9}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("export", type=Path)
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--per-batch", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--one", choices=("ours", "theirs"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments.one, arguments.base, arguments.export, arguments.rows, arguments.per_batch)
        return
    found: dict[str, list[dict[str, float]]] = {"ours": [], "theirs": []}
    for _ in range(arguments.rounds):
        for who, rounds in found.items():
            done = subprocess.run(
                [sys.executable, __file__, *sys.argv[1:], "--one", who], check=True, stdout=subprocess.PIPE, text=True
            )
            rounds.append(json.loads(done.stdout.splitlines()[-1]))
            print(f"{who:7} {rounds[-1]['tokens_per_s']:8.1f} tokens/s  {rounds[-1]['peak_gb']:.2f} GB", flush=True)
    speed = _best(found["ours"], "tokens_per_s") / _best(found["theirs"], "tokens_per_s")
    memory = min(r["peak_gb"] for r in found["ours"]) / min(r["peak_gb"] for r in found["theirs"])
    print(f"teaching: {speed:.2f} times the tokens/s of TRL, {memory:.2f} times its memory", flush=True)
    generation = subprocess.run([sys.executable, str(GENERATION), arguments.base], check=False)
    sys.exit(speed < 1 or memory > 1 or generation.returncode != 0)


def _best(rounds: list[dict[str, float]], name: str) -> float:
    return max(each[name] for each in rounds)


if __name__ == "__main__":
    main()
