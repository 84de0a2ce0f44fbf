"""Prints the end of a finished run: a few figures, and what to do next."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from llamoco_tune.display import whole_line
from llamoco_tune.invocation import command
from llamoco_tune.run_folder import RunRecord
from llamoco_tune.snapshots import set_files

SHOWN = {
    "loss": "training loss, last step",
    "eval_loss": "validation loss, nats a token",
    "eval_programs_parse": "programs that parse",
    "eval_programs_define_minimize": "programs that define minimize",
    "eval_programs_right_optimizer": "programs that name the right optimizer",
    "eval_choice_loss": "loss of choosing on validation problems, nats",
    "eval_gap_closed": "gap closed by the choices on validation problems, last",
    "eval_choice_right": "choices of the label's optimizer",
    "eval_choice_unscored": "choices of an optimizer that has no score there",
    "kept_gap_closed": "gap closed by the model that is kept",
    "kept_step": "step that is kept",
    "eval_lm_loss": "language model's loss, nats a token",
    "probe_majority": "accuracy of the most frequent optimizer",
    "probe_accuracy_before": "accuracy of a linear probe before",
    "probe_accuracy_after": "accuracy of a linear probe after",
}
"""Words for the metrics that are shown."""
ASKED_SPLITS = ("test", "test_families", "validation")
"""Splits for whose prompts a tuned model is to write programs: the first that the set has."""


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
    whole_line(console, f"model       {out}")
    whole_line(console, f"next        {_following(run, out, data)}")


def _following(run: RunRecord, out: Path, data: Path) -> str:
    if run.spec.phase == "contrast":
        return command("teach", "--data", data, "--base", out, "--out", "runs/tuned")
    present = set_files(data).splits
    split = next((name for name in ASKED_SPLITS if name in present), ASKED_SPLITS[0])
    return command("generate", "--data", data, "--split", split, "--model", out, "--out", "programs.parquet")
