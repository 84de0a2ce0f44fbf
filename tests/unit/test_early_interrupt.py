"""Ctrl-C while a command line still loads ends it in one line."""

import sys

import pytest

from llamoco_data.cli import main as data
from llamoco_tune.cli import main as tune

pytestmark = pytest.mark.unit


class Interrupted:
    """A finder of modules that is interrupted at one of them."""

    def __init__(self, module: str) -> None:
        self._module = module

    def find_spec(self, name: str, *_: object) -> None:
        if name == self._module:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("main", "name"), [(data, "llamoco-data"), (tune, "llamoco-tune")])
def test_interrupt_while_commands_are_imported_ends_in_one_line(
    main, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    module = f"{name.replace('-', '_')}.cli.commands"
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupted(module), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    out, err = capsys.readouterr()
    assert (ended.value.code, out, err) == (130, "", f"{name}: stopped before it began\n")
