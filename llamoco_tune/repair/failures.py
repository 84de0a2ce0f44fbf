# pyarrow comes without types.
# pyright: reportUnknownParameterType=false
"""Reads which programs of a file failed, and with what error, from the folder in which `llamoco-data score` put it."""

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from llamoco_tune.folders import not_a
from llamoco_tune.invocation import DATA, command
from llamoco_tune.records import DIGEST_CHARACTERS, TuningError, file_sha256

SCORE_FILE, SCORES_FILE = "score.json", "scores.parquet"
_COLUMNS = ("instruction_id", "sample", "failure", "detail")

STAGES = {
    "syntax": "the text is not Python",
    "no minimize": (
        "the program does not define minimize(objective, lower, upper, max_evaluations, seed, constraints=None)"
    ),
    "does not load": "the program fails before minimize is called",
    "raised": "minimize raises an error",
    "bad return": "minimize does not return a finite point of the box",
    "timed out": "minimize does not end within its time limit",
    "crashed": "the process in which minimize runs dies",
}
"""What a program is told of the stage at which it fails, by the stage's name in a score."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The failure of one program."""

    stage: str
    detail: str
    """Message of the error, in one line; empty without one."""

    @property
    def error(self) -> str:
        """The text that a model is told."""
        stage = STAGES.get(self.stage, self.stage)
        return f"{stage}: {self.detail}" if self.detail else stage


def failures_of(programs: Path, scores: Path) -> dict[tuple[str, int], Failed]:
    """The programs of a file that failed, by instruction_id and sample.

    Args:
        scores: the folder of the score of that very file.

    Raises:
        TuningError: the folder holds no finished score, or that of another file, or is damaged.
    """
    scoring = command("score", programs, "--data", "EXPORT", "--out", scores, program=DATA)
    try:
        scored_id = json.loads((scores / SCORE_FILE).read_bytes())["programs_id"]
    except (FileNotFoundError, NotADirectoryError):
        raise not_a("a folder of scores", scores, f"holds no scores; make them with: {scoring}") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise TuningError(f"{scores / SCORE_FILE} is damaged; score the programs into a new folder") from None
    if scored_id != file_sha256(programs)[:DIGEST_CHARACTERS]:
        raise TuningError(
            f"{scores} holds the scores of another file than {programs}, so its errors are those of other programs; "
            "give the folder in which this file was scored"
        )
    file = scores / SCORES_FILE
    if not file.is_file():
        raise TuningError(f"{scores} is not finished; go on with: {scoring}")
    try:
        rows = pq.read_table(file, columns=list(_COLUMNS)).to_pylist()
    except (pa.ArrowException, OSError):
        raise TuningError(f"{file} is damaged; write it again with: {scoring}") from None
    return {
        (row["instruction_id"], row["sample"]): Failed(row["failure"], row["detail"]) for row in rows if row["failure"]
    }
