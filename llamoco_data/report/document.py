"""Makes a page from a template: one HTML text that contains its style and script, and loads nothing; and writes it."""

import base64
import functools
import hashlib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from llamoco_data.files import LocalFiles, local_folder
from llamoco_data.identity import LlamocoError
from llamoco_data.report import wording

MARK = b'<meta name="generator" content="llamoco-data report">'
"""Marker near the beginning of every page, by which an earlier report is recognised."""
_MARK_WITHIN = 1_000
"""Number of bytes at the beginning of a page that contain its mark."""
_HOME = "llamoco_data.report"
"""Package of the style and the script that all pages share."""


def document(package: str, template: str, values: Mapping[str, object], style: str = "") -> str:
    """A page; equal values give equal texts.

    Args:
        package: package with the template.
        style: name of a file in that package with more style.
    """
    styles = text_of(_HOME, "page.css") + (text_of(package, style) if style else "")
    script = text_of(_HOME, "page.js")
    shared = {
        "mark": Markup(MARK.decode()),
        "style": Markup(styles),
        "style_hash": _hash(styles),
        "script": Markup(script),
        "script_hash": _hash(script),
    }
    return _environment(package).get_template(template).render({**shared, **values})


def check_place(file: Path) -> Path:
    """The absolute path of a file that a page may be written to: a new one, or one that holds an earlier page.

    Raises:
        LlamocoError: it is something else, or cannot be read.
    """
    target = local_folder(file)
    advice = "name another file with --out FILE.html"
    if target.exists() and not target.is_file():
        raise LlamocoError(f"{target} is {'a folder' if target.is_dir() else 'not a plain file'}; {advice}")
    try:
        with target.open("rb") as there:
            ours = MARK in there.read(_MARK_WITHIN)
    except FileNotFoundError:
        return target
    except OSError as error:
        raise LlamocoError(f"cannot read {target}: {error.strerror or error}; {advice}") from None
    if not ours:
        raise LlamocoError(f"{target} is not a report, and a report must not replace it; {advice}")
    return target


def put(target: Path, page: str) -> int:
    """Writes a page, wholly or not at all, and returns its size in bytes.

    Raises:
        LlamocoError: it cannot be written.
    """
    data = page.encode()
    LocalFiles(target.parent).replace(target.name, data)
    return len(data)


def text_of(package: str, name: str) -> str:
    """The text of a file that comes with a package."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


@functools.cache
def _environment(package: str) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "."), PackageLoader(_HOME, ".")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "breakable": wording.breakable,
        "core_time": wording.core_time,
        "count": wording.count,
        "fine_score": wording.fine_score,
        "large": wording.large,
        "measured": wording.measured,
        "plain": wording.plain,
        "score": wording.score,
        "settings": wording.settings,
        "slug": wording.slug,
    }
    return environment


def _hash(text: str) -> str:
    """The hash of an inline text, in the form of a content security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
