"""The command `llamoco-data`: its subcommands in order, and how it ends. Each subcommand calls one function."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import click
from typing_extensions import override

from llamoco_data.cli import output
from llamoco_data.cli.baseline import baseline_command
from llamoco_data.cli.campaign_commands import (
    add_command,
    plan_command,
    recipe_command,
    remove_command,
    run_command,
    status_command,
    verify_command,
)
from llamoco_data.cli.options import DRAINED_EXIT_CODE
from llamoco_data.cli.portfolio_commands import check_plugin_command, portfolio_command
from llamoco_data.cli.publish_commands import push_command
from llamoco_data.cli.score_commands import report_command, score_command, try_command
from llamoco_data.cli.set_commands import compare_command, export_command, extend_command, prior_command, show_command
from llamoco_data.identity import LlamocoError
from llamoco_data.invocation import command


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and exits: 0 when done, 1 if a check failed, 2 for a user's mistake, 130 after Ctrl-C."""
    try:
        code = _ended(arguments)
    except LlamocoError as error:
        _fail(str(error))
    except click.ClickException as error:
        _fail(f"{error.format_message().rstrip('.')}; see: {_help_command(error)}")
    except (KeyboardInterrupt, click.Abort):
        sys.exit(DRAINED_EXIT_CODE)
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
        code = llamoco_data.main(arguments, prog_name="llamoco-data", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        code = 0
    output.flush(sys.stdout)
    return code if isinstance(code, int) else 0


class _InOrder(click.Group):
    """A group that lists its commands in the order in which they were added, not of the alphabet."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="llamoco")
def llamoco_data() -> None:
    """Make instruction sets for optimization: problems, measured optimizers, and the program that won each problem."""


for subcommand in (
    plan_command,
    run_command,
    recipe_command,
    add_command,
    remove_command,
    status_command,
    verify_command,
    export_command,
    extend_command,
    compare_command,
    push_command,
    prior_command,
    report_command,
    baseline_command,
    score_command,
    try_command,
    check_plugin_command,
    show_command,
    portfolio_command,
):
    llamoco_data.add_command(subcommand)


def _fail(message: str) -> NoReturn:
    output.give_up(sys.stdout)
    click.echo(f"llamoco-data: {' '.join(message.split())}", err=True)
    sys.exit(2)


def _help_command(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return command(*(context.command_path.split()[1:] if context else ()), "--help")
