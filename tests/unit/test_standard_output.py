"""Both command lines where standard output takes no more."""

import os
from pathlib import Path

import pytest

from llamoco_data.cli.commands import main as data
from llamoco_tune.cli.commands import main as tune

pytestmark = pytest.mark.unit

FULL = Path("/dev/full")
LINE = "standard output cannot be written: no space left on device; free some space, or send it elsewhere\n"


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    ("main", "arguments"),
    [
        (data, ["portfolio"]),
        (data, ["recipe"]),
        *((main, given) for main in (data, tune) for given in ([], ["--help"])),
    ],
)
def test_full_disk_behind_standard_output_is_told_in_one_line(
    main, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with FULL.open("w") as full:
        monkeypatch.setattr("sys.stdout", full)
        with pytest.raises(SystemExit) as ended:
            main(arguments)
    assert ended.value.code == 2
    name = "llamoco-data" if main is data else "llamoco-tune"
    assert capsys.readouterr().err == f"{name}: {LINE}"


@pytest.mark.parametrize("main", [data, tune])
def test_fault_that_is_not_of_standard_output_keeps_its_traceback(main, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> None:
        raise OSError(5, os.strerror(5))

    monkeypatch.setattr("click.Group.main", broken)
    with pytest.raises(OSError, match=os.strerror(5)):
        main(["--help"])
