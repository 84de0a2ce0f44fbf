"""What the commands print when a run is finished: a few figures, and what to do next."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from llamoco_tune.invocation import command
from llamoco_tune.run_folder import RunRecord

SHOWN = {
    "loss": "training loss, last step",
    "eval_loss": "validation loss, nats a token",
    "eval_programs_parse": "programs that parse",
    "eval_programs_define_minimize": "that define minimize",
    "eval_programs_right_optimizer": "that name the right optimizer",
    "eval_lm_loss": "language model's loss after it",
    "probe_majority": "most frequent optimizer, accuracy",
    "probe_accuracy_before": "linear probe before, accuracy",
    "probe_accuracy_after": "linear probe after, accuracy",
}
"""Metric -> what it is called on the page."""


def show_finished(console: Console, run: RunRecord, out: Path, data: Path) -> None:
    """The figures of a finished run, and the command that follows."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, words in SHOWN.items():
        if name in run.results:
            table.add_row(words, f"{run.results[name]:.3f}")
    for name in ("num_problems", "num_rows", "num_dropped", "minutes", "device"):
        if name in run.facts:
            table.add_row(name.removeprefix("num_").replace("dropped", "rows left out"), str(run.facts[name]))
    console.print(table)
    following = (
        command("teach", "--data", data, "--base", out, "--out", "runs/tuned")
        if run.spec.phase == "contrast"
        else command("generate", "--data", data, "--split", "test", "--model", out, "--out", "programs.parquet")
    )
    console.print(f"model       {out}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"next        {following}", markup=False, highlight=False, soft_wrap=True)
