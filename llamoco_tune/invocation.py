"""Commands that messages and pages give a person to paste, quoted for the shell and called as this program was."""

import shlex
import shutil
import sys

DATA, TUNE = "llamoco-data", "llamoco-tune"


def command(*arguments: object, program: str = TUNE) -> str:
    """A command line for the shell and the folder in which this process was started.

    Args:
        arguments: words of the command; one with a blank or another special character of the shell is quoted.
        program: `llamoco-tune`, or `llamoco-data`, which is installed beside it.
    """
    return shlex.join([*_called(program), *map(str, arguments)])


def _called(program: str) -> list[str]:
    """How to call a program: in the way this one was called, or by name if that is enough or nothing else is known."""
    folder, slash, name = sys.argv[0].rpartition("/")
    if name == "__main__.py" and folder.endswith(("/llamoco_data", "/llamoco_tune")):
        return [sys.orig_argv[0], "-m", program.replace("-", "_")]
    beside = f"{folder}{slash}{program}"
    if name in (DATA, TUNE) and slash and shutil.which(program) != beside:
        return [beside]
    return [program]
