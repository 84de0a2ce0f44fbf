"""Builds the commands that messages and pages show: quoted for the shell, and called as this program was."""

import shlex
import shutil
import sys

DATA, TUNE = "llamoco-data", "llamoco-tune"


def command(*arguments: object, program: str = DATA) -> str:
    """A command line for the shell and the folder in which this process was started.

    Args:
        arguments: words of the command; those with blanks or other characters special to the shell are quoted.
        program: `llamoco-data`, or `llamoco-tune`, which is installed beside it.
    """
    return shlex.join([*_called(program), *map(str, arguments)])


def _called(program: str) -> list[str]:
    """The words that call a program: as this one was called, or its name where that is enough or nothing is known."""
    folder, slash, name = sys.argv[0].rpartition("/")
    if name == "__main__.py" and folder.endswith(("/llamoco_data", "/llamoco_tune")):
        return [sys.orig_argv[0], "-m", program.replace("-", "_")]
    beside = f"{folder}{slash}{program}"
    if name in (DATA, TUNE) and slash and shutil.which(program) != beside:
        return [beside]
    return [program]
