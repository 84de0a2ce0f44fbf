"""Basic functions and constraint forms of plug-ins: how what is wrong with one is said, and what our own keep."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from llamoco_data.conformance import check_plugin
from llamoco_data.conformance.forms import check_form
from llamoco_data.conformance.functions import check_function, name_complaint
from llamoco_data.identity import LlamocoError
from llamoco_data.plugins import CONSTRAINT, FUNCTION, Kind
from llamoco_data.problems.constraint_forms import FORM_BY_NAME
from llamoco_data.problems.functions import FUNCTION_BY_NAME
from tests.plugins import FILES, present, write_package

pytestmark = pytest.mark.unit

BOWL = {suffix: (FILES / f"dimpled_bowl{suffix}").read_text(encoding="utf-8") for suffix in (".toml", ".py")}
SOFT = {suffix: (FILES / f"soft_absolute{suffix}").read_text(encoding="utf-8") for suffix in (".toml", ".py")}


def told(site: Path, kind: Kind, name: str, texts: dict[str, str]) -> Iterator[str]:
    """What is wrong with a part of these files, in the words of its check."""
    write_package(site, kind, name, {f"{name}{suffix}": text for suffix, text in texts.items()})
    with present(site):
        try:
            yield from (checked.complaint for _, checked in check_plugin(name) if checked.complaint)
        except LlamocoError as error:
            yield str(error)


def is_told(complaint: str, site: Path, kind: Kind, name: str, texts: dict[str, str]) -> bool:
    """Whether a check says so; what comes after that is not checked."""
    return any(complaint in each for each in told(site, kind, name, texts))


def edited(texts: dict[str, str], suffix: str, old: str, new: str) -> dict[str, str]:
    assert texts[suffix].count(old) == 1, old
    return {**texts, suffix: texts[suffix].replace(old, new)}


def test_the_examples_keep_every_rule(tmp_path: Path):
    assert list(told(tmp_path / "one", FUNCTION, "dimpled_bowl", BOWL)) == []
    assert list(told(tmp_path / "other", CONSTRAINT, "soft_absolute", SOFT)) == []


@pytest.mark.parametrize("name", ["ackley", "weierstrass"])
def test_functions_of_the_package_keep_every_rule(name: str):
    assert [checked for checked in check_function(FUNCTION_BY_NAME[name]) if checked.complaint] == []


@pytest.mark.parametrize("name", ["max_norm", "fractional"])
def test_forms_of_the_package_keep_every_rule(name: str):
    assert [checked for checked in check_form(FORM_BY_NAME[name]) if checked.complaint] == []


@pytest.mark.parametrize(
    ("suffix", "old", "new", "complaint"),
    [
        (".toml", "3 * np.sin", "2.999 * np.sin", "`numpy` gives"),
        (".toml", "3 \\sin", "2.999 \\sin", "`latex` gives"),
        (".toml", "\\sin^2", "\\sine^2", "`latex` or `where` cannot be read"),
        (".toml", "return np", "np", "`numpy` does not end with its only `return`"),
        (".toml", "np.sum(z", "np.sum(x", "`numpy` uses x, and has only z and np"),
        (".py", "+= z[i]", "+= -z[i]", "less than at the origin"),
        (".py", "total = 0.0", "total = 0.5", "it is 0.5 at the origin"),
        (".py", "def dimpled_bowl(z)", "def dimpled_bowl(y)", "it takes (y), not (z)"),
        (".py", "    total = 0.0", '    """Dimples."""\n    total = 0.0', "docstring; put it at the top of the file"),
        (".py", "range(len(z))", "np.arange(len(z))", "its kernel uses np; a loop, `math` and"),
        (".py", "def dimpled", "def dimply", "it defines no function dimpled_bowl"),
        (".py", "import sin", "import sine", "it does not load: ImportError"),
        (".toml", "half_width = 5.0", "half_width = 0.0", "half_width: input should be greater than 0"),
        (".toml", "half_width = 5.0", "half_width = 1e-9", "almost the same everywhere"),
        (".toml", '"regular waves"', '"waves"', "family: input should be 'bowl'"),
        (".toml", "separable", "seperable", "seperable: unknown; an entry has title, family, numpy"),
    ],
)
def test_what_is_wrong_with_a_function_is_said(tmp_path: Path, suffix: str, old: str, new: str, complaint: str):
    assert is_told(complaint, tmp_path, FUNCTION, "dimpled_bowl", edited(BOWL, suffix, old, new))


@pytest.mark.parametrize(
    ("suffix", "old", "new", "complaint"),
    [
        (".toml", "np.sqrt(1 +", "np.sqrt(1.001 +", "`numpy` gives"),
        (".toml", "\\sqrt{1 +", "\\sqrt{1.001 +", "`latex` gives"),
        (".toml", "uses_width = true", "uses_center = true", "`uses_center` is true, which is not so of its `numpy`"),
        (".toml", "uses_width = true", "uses_width = true\nlinear = true", "`linear` is true, which is not so"),
        (".toml", '["<=", ">="]', "[]", "senses: "),
        (".toml", '["<=", ">="]', '["<"]', "senses.0: input should be '<='"),
        (".py", "soft_absolute(y, a, c, w)", "soft_absolute(y)", "it takes (y), not (y, a, c, w)"),
        (".py", "range(len(y))", "range(1, len(y))", "does not depend on variable 1"),
        (".toml", '"np.sum', '"math.fsum', "`numpy` uses math"),
    ],
)
def test_what_is_wrong_with_a_form_is_said(tmp_path: Path, suffix: str, old: str, new: str, complaint: str):
    assert is_told(complaint, tmp_path, CONSTRAINT, "soft_absolute", edited(SOFT, suffix, old, new))


@pytest.mark.parametrize("name", ["z", "sin", "sum", "lambda", "reflect", "objective", "two words"])
def test_a_name_that_statements_have_for_something_else_is_refused(name: str):
    assert name_complaint(name)
    assert not name_complaint("dimpled_bowl")


def test_parts_with_the_name_of_one_of_the_package_are_refused(tmp_path: Path):
    texts = {suffix: text.replace("dimpled_bowl", "sphere") for suffix, text in BOWL.items()}
    assert is_told("with a name that this program has: sphere", tmp_path / "one", FUNCTION, "sphere", texts)
    texts = {suffix: text.replace("soft_absolute", "ball") for suffix, text in SOFT.items()}
    assert is_told("with a name that this program has: ball", tmp_path / "other", CONSTRAINT, "ball", texts)
