"""Suites of real problems that other packages bring: NAME.toml has the title, the folder NAME beside it the problems.

Their texts are executed where they are read, which is where somebody names the suite.
"""

from dataclasses import dataclass
from pathlib import Path

from llamoco_data.identity import LlamocoError, Record
from llamoco_data.plugins import SUITE, brought, check_free, entry_of
from llamoco_data.problems.asking import described
from llamoco_data.problems.source import normalised
from llamoco_data.problems.suites import SUITES, SuiteProblem, problem_in


class JoinedSuite(Record):
    """A suite of a plug-in whose problems were added to a campaign."""

    name: str
    package: str
    """Package that brought it, by the name under which it is installed."""
    titles: tuple[str, ...]
    """First line of each problem of the suite, added or not; a problem that opens with one is for testing only."""


@dataclass(frozen=True, slots=True)
class PluginSuite:
    """A suite of an installed package."""

    name: str
    title: str
    package: str
    problems: tuple[SuiteProblem, ...]
    """In the order of their names."""

    @property
    def joined(self) -> JoinedSuite:
        """What a campaign keeps of it."""
        titles = tuple(f"{problem.title}." for problem in self.problems)
        return JoinedSuite(name=self.name, package=self.package, titles=titles)


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    title: str


def suite_files(name: str) -> tuple[str, str, list[Path]]:
    """Title, package and files of the suite of a plug-in; no text is read.

    Raises:
        LlamocoError: no package brings it, its entry is wrong, or it has no file.
    """
    plugin = brought(SUITE, name)
    check_free(plugin, (*SUITES, "all"))
    title = entry_of(plugin, _Entry).title
    files = sorted((plugin.folder / name).glob("*.py"))
    files = [file for file in files if file.name != "__init__.py"]
    if not files:
        raise LlamocoError(f"the package {plugin.package} has no problem in {plugin.folder / name}")
    return title, plugin.package, files


def plugin_suite(name: str) -> PluginSuite:
    """The suite of this name; all its texts are executed in this process.

    Raises:
        LlamocoError: no package brings it, or one of its files is wrong.
    """
    title, package, files = suite_files(name)
    return PluginSuite(name, title, package, tuple(problem_of(file, name) for file in files))


def problem_of(file: Path, suite: str) -> SuiteProblem:
    """The problem in a file of a plug-in's suite.

    Raises:
        LlamocoError: it cannot be read, or does not load.
    """
    try:
        return problem_in(normalised(file.read_text(encoding="utf-8")), file.stem, suite)
    except LlamocoError as error:
        raise LlamocoError(f"{file}: {error}") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the text is somebody's, and may raise anything
        raise LlamocoError(f"{file}: it does not load: {described(error)}") from None
