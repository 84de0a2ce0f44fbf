"""Wordings of plug-ins: which numbers they have, and how what is wrong with one is said."""

import json
from pathlib import Path

import pytest

from llamoco_data.conformance import check_plugin
from llamoco_data.export.making import wordings_of
from llamoco_data.identity import LlamocoError
from llamoco_data.plugins import WORDING, PluginMissing, brought
from llamoco_data.statements import NUM_WORDINGS, is_styled, statement, wording_numbers
from llamoco_data.statements.plugin_wordings import FIRST_BROUGHT, ROUNDS
from llamoco_data.statements.wording import WORDINGS
from tests.plugins import FILES, present, write_package
from tests.problem_mixtures import sampled

pytestmark = pytest.mark.unit

ENTRY = (FILES / "foreman.toml").read_text(encoding="utf-8")


def install(site: Path, entry: str = ENTRY, name: str = "foreman", package: str = "brought") -> None:
    write_package(site, WORDING, name, {f"{name}.toml": entry}, package)


def complaints(name: str = "foreman") -> list[str]:
    return [checked.complaint for _, checked in check_plugin(name) if checked.complaint]


def test_without_plug_ins_the_wordings_of_a_problem_are_those_of_earlier_releases():
    assert wordings_of("p", "latex", 20) == (15, 13, 0, 2, 12, 9, 11, 8, 5, 3, 6, 1, 10, 7, 14, 4, 25, 27, 19, 16)


def test_a_wording_of_a_plug_in_is_drawn_like_one_of_the_package():
    brought_numbers = (FIRST_BROUGHT, FIRST_BROUGHT + 5 * ROUNDS)
    size = NUM_WORDINGS + len(brought_numbers)
    many = wordings_of("p", "latex", 2 * size, brought_numbers)
    assert set(many) == {*range(2 * NUM_WORDINGS), *(first + each for first in brought_numbers for each in (0, 1))}
    assert wordings_of("p", "latex", 5, brought_numbers) == many[:5]


def test_the_example_keeps_every_rule_and_has_numbers_of_its_own(tmp_path: Path):
    install(tmp_path)
    with present(tmp_path):
        assert complaints() == []
        (first,) = wording_numbers([brought(WORDING, "foreman").pinned])
        text, other = (statement(sampled(0), wording=first + each) for each in (0, 1))
    assert first >= FIRST_BROUGHT
    assert first % ROUNDS == 0
    assert not is_styled(first)
    assert text.split("\n\n")[0] != statement(sampled(0), wording=0).split("\n\n")[0]
    assert "on the bench" in text
    assert text != other
    with pytest.raises(LlamocoError, match="is of a plug-in that is not installed here"):
        statement(sampled(0), wording=first)


@pytest.mark.parametrize("number", [0, 8, 13])
def test_wordings_of_the_package_keep_every_rule_but_to_open_as_no_other_does(tmp_path: Path, number: int):
    wording = WORDINGS[number]
    fields = {"text": wording.text, "constrained": wording.constrained, "free": wording.free}
    install(tmp_path, "\n".join(f"{name} = {json.dumps(text)}" for name, text in fields.items()), "again")
    with present(tmp_path):
        (complaint,) = complaints("again")
    assert f"as the wording {wording.name} does" in complaint


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("`{interface}`", "minimize", "does not say {interface}"),
        ("{budget} evaluations", "{budget} calls", "does not say {budget} once"),
        ("Python ", "", "does not ask for Python"),
        ("with |h| <= 1e-4 ", "", "where there are constraints it does not say |h| <= 1e-4"),
        ("{rules}", "", "where there are constraints it does not say g <= 0"),
        ("that holds us back.", "that holds us back, g <= 0.", "where there are no constraints it says g <= 0"),
        ("hands me", "hands $me$", "it holds $"),
        ("[[Morning.|", "[[Morning.]", "it holds ]"),
        (" Next job", "  Next job", "two spaces in a row"),
        ("Next job", "Next job" + " and the next" * 80, "more than 900"),
        ("[[Morning.|Good morning.]] Next", "Write a complete program. Next", "as the wording plain does"),
        ("{dimension}", "{size}", r"its braces are wrong (KeyError: 'size')"),
        ("{dimension}", "{dimension", "its braces are wrong"),
        ("free =", "liberty =", "liberty: unknown; an entry has text, constrained, free"),
        ("constrained =", "# constrained =", "is no TOML"),
    ],
)
def test_what_is_wrong_with_a_wording_is_said(tmp_path: Path, old: str, new: str, complaint: str):
    assert ENTRY.count(old) == 1, old
    install(tmp_path, ENTRY.replace(old, new))
    with present(tmp_path):
        try:
            said = " ".join(complaints())
        except LlamocoError as error:
            said = str(error)
    assert complaint in said


def test_a_wording_that_is_gone_or_another_is_told_with_its_package(tmp_path: Path):
    install(tmp_path)
    with present(tmp_path):
        pinned = brought(WORDING, "foreman").pinned
    with pytest.raises(PluginMissing, match="'foreman' is of the package brought, which is not installed here"):
        wording_numbers([pinned])
    install(tmp_path, ENTRY.replace("one more", "one extra"))
    with present(tmp_path), pytest.raises(PluginMissing, match="brought is another here than the one that this was ma"):
        wording_numbers([pinned])


def test_a_wording_with_the_name_of_one_of_the_package_is_refused(tmp_path: Path):
    install(tmp_path, name="plain")
    with present(tmp_path), pytest.raises(LlamocoError, match="with a name that this program has: plain"):
        complaints("plain")
