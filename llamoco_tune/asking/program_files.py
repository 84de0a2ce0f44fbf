"""Files of programs that `ask` writes: each ends with a line that proves that nobody has changed it since."""

from pathlib import Path

from llamoco_tune.records import TuningError, digest
from llamoco_tune.written import in_one_step, writing

MARK = "# as llamoco-tune ask wrote it: "
"""Beginning of the last line; the digest of the text above follows."""
ELSEWHERE = "give --out another name"


def check_free(file: Path) -> bool:
    """Checks that nothing is replaced but a file of `write_program` that is as it was written.

    Returns:
        Whether there is such a file.

    Raises:
        TuningError: there is something else, such as a link, or no folder for it.
    """
    if not file.parent.is_dir():
        raise TuningError(f"{file} cannot be written: there is no folder {file.parent}; {ELSEWHERE}")
    if file.is_symlink():
        raise TuningError(f"{file} is a link to {file.readlink()}, which is not replaced; {ELSEWHERE}")
    if not file.exists():
        return False
    if not (file.is_file() and _is_as_written(file)):
        raise TuningError(f"{file} exists and is not as `ask` wrote it; {ELSEWHERE}, or move it away")
    return True


def write_program(file: Path, text: str) -> None:
    """Writes a program whole or not at all; an earlier file stays as it is where this one cannot be written.

    Raises:
        TuningError: it cannot be written.
    """
    with writing(file, ELSEWHERE), in_one_step(file) as part:
        part.write_text(marked(text), encoding="utf-8", newline="")


def marked(text: str) -> str:
    """A program, which ends with a line feed, with the line that proves it unchanged."""
    return f"{text}{MARK}{digest(text)}\n"


def _is_as_written(file: Path) -> bool:
    try:
        content = file.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return False
    text, mark, _ = content.rpartition(MARK)
    return bool(mark) and content == marked(text)
