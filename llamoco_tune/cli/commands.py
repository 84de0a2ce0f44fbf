"""The commands of `llamoco-tune`, which import torch only when they run: `--help` answers at once."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click
from typing_extensions import override

from llamoco_tune.cli import output
from llamoco_tune.cli.ask import ask_command
from llamoco_tune.cli.base import base_command
from llamoco_tune.cli.calibration import calibrate_command
from llamoco_tune.cli.generate import generate_command
from llamoco_tune.cli.neighbour import neighbour_command
from llamoco_tune.cli.packing import pack_command
from llamoco_tune.cli.phases import contrast_command, teach_command
from llamoco_tune.cli.publishing import push_command
from llamoco_tune.cli.recipe import recipe_command
from llamoco_tune.cli.repair import repair_command
from llamoco_tune.cli.runs import runs_command
from llamoco_tune.cli.search import search_command
from llamoco_tune.cli.web import web_command
from llamoco_tune.invocation import command
from llamoco_tune.processes import is_main_process, num_processes
from llamoco_tune.records import TuningError
from llamoco_tune.stopping import Stopped

INTERRUPTED_EXIT_CODE = 130
"""Exit code after Ctrl-C, 128 + SIGINT as usual; SIGTERM, after which nothing is lost either, gives the same."""
SPINS = "10000"
"""Turns of a waiting thread's loop before it sleeps; the library's default is 300,000."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and exits: 0 done, 2 a mistake of the user, 130 stopped by Ctrl-C or SIGTERM."""
    _prepare_environment()
    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = _ended(arguments)
    except TuningError as error:
        _fail(str(error))
    except click.ClickException as error:
        _fail(f"{error.format_message().rstrip('.')}; see: {_help_command(error)}")
    except Stopped as stopped:
        _stop(f"stopped {stopped}", given)
    except (KeyboardInterrupt, click.Abort):
        _stop("stopped at once", given)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        if not output.takes_no_more(sys.stdout):
            raise
        _fail(output.refusal(error))
    sys.exit(code)


def _ended(arguments: Sequence[str] | None) -> int:
    """Runs one command, and returns its exit code when all that it prints is written."""
    output.replace_unencodable(sys.stdout)
    try:
        code = llamoco_tune.main(arguments, prog_name="llamoco-tune", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        code = 0
    output.flush(sys.stdout)
    return code if isinstance(code, int) else 0


class _InOrder(click.Group):
    """Lists its commands in the order of the work."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="llamoco")
def llamoco_tune() -> None:
    """Tune a language model on an instruction set, and let it write programs."""


llamoco_tune.add_command(ask_command)
llamoco_tune.add_command(web_command)
llamoco_tune.add_command(base_command)
llamoco_tune.add_command(contrast_command)
llamoco_tune.add_command(teach_command)
llamoco_tune.add_command(generate_command)
llamoco_tune.add_command(repair_command)
llamoco_tune.add_command(search_command)
llamoco_tune.add_command(neighbour_command)
llamoco_tune.add_command(pack_command)
llamoco_tune.add_command(calibrate_command)
llamoco_tune.add_command(recipe_command)
llamoco_tune.add_command(push_command)
llamoco_tune.add_command(runs_command)


def _prepare_environment() -> None:
    """Sets the variables that torch reads when it is imported.

    Threads that spin for long while they wait for each other are six times slower on two cores when anything else runs;
    threads that do not spin at all are a sixth slower when nothing else does.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)


def _stop(message: str, given: Sequence[str]) -> NoReturn:
    """Prints how far the command came and the command that goes on, and exits."""
    if is_main_process():
        again = "the same command of torchrun" if num_processes() > 1 else command(*given)
        click.echo(f"{message}\ngo on with: {again}", err=True)
    sys.exit(INTERRUPTED_EXIT_CODE)


def _fail(message: str) -> NoReturn:
    output.give_up(sys.stdout)
    click.echo(f"llamoco-tune: {' '.join(message.split())}", err=True)
    sys.exit(2)


def _help_command(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return command(*(context.command_path.split()[1:] if context else ()), "--help")
