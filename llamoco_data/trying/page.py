"""The page of a trial: one HTML text that contains its style, runs no script, and loads nothing."""

import base64
import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from llamoco_data.files import LocalFiles, local_folder
from llamoco_data.identity import LlamocoError
from llamoco_data.plurals import counted
from llamoco_data.report.bars import percent
from llamoco_data.report.scales import LogScale, log_scale
from llamoco_data.report.wording import tick
from llamoco_data.trying.running import Trial, Tried
from llamoco_data.trying.sketch import marked, series
from llamoco_data.trying.wording import HEAD, endings, point_text, result_rows, trial_row

_UNITS = 1000
"""Width and height of the picture, in its own units."""
_PROBE_BYTES = 32_768
"""Size of a file that is written to see whether a page can be; a page of eight programs has about as much."""
_MARK = '<meta name="generator" content="llamoco-data try">'
_STYLE = """
:root { color-scheme: light dark; --ink: #1a1f24; --paper: #fff; --rule: #dde1e5; --quiet: #545d66;
  --c0: #0a6ebd; --c1: #6a737c; --c2: #c7372f; --c3: #00845d;
  --c4: #b35f00; --c5: #b0519a; --c6: #7b7a00; --c7: #5a4fcf }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaed; --paper: #14181c; --rule: #333b43; --quiet: #a3adb7;
  --c0: #62b0f0; --c1: #98a2ac; --c2: #f5837a; --c3: #3ac496;
  --c4: #f0a63c; --c5: #df92cd; --c6: #cbc747; --c7: #a79ff8 } }
body { background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 60rem; padding: 2rem 1.25rem }
table { border-collapse: collapse; margin: 1rem 0 } td, th { padding: .15rem .9rem .15rem 0; text-align: left;
  vertical-align: top } tbody tr { border-top: 1px solid var(--rule) } .num { text-align: right }
.wide { overflow-x: auto } td:first-child { white-space: nowrap } .subject { font-weight: 600 }
figure { margin: 1.5rem 0 3rem; padding: 0 1rem 0 4.5rem } svg.plot { display: block; height: 20rem; overflow: visible;
  width: 100% } svg text { fill: var(--quiet); font-size: 13px } .y { dominant-baseline: central; text-anchor: end }
.x { text-anchor: middle } .grid { stroke: var(--rule) } .curve { fill: none; stroke-width: 2 }
.swatch { display: inline-block; height: .7em; margin-right: .5em; width: .7em }
figcaption { color: var(--quiet); margin-top: 3rem } pre { background: color-mix(in srgb, var(--ink) 6%, transparent);
  overflow-x: auto; padding: 1rem } code { font: 14px/1.5 ui-monospace, monospace }
""" + "".join(f".c{n} {{ stroke: var(--c{n}) }} .b{n} {{ background: var(--c{n}) }}\n" for n in range(8))


def write_page(tried: Tried, file: Path, baseline: str) -> None:
    """Writes the page to a file; an earlier page of a trial is replaced, anything else is not.

    Raises:
        LlamocoError: the file is something else, or cannot be written.
    """
    check_place(file)
    target = local_folder(file)
    LocalFiles(target.parent).replace(target.name, page(tried, baseline).encode())


def check_place(file: Path) -> None:
    """Refuses a file that the page must not replace, or in whose folder nothing can be written.

    Raises:
        LlamocoError: it is something else than a page of a trial, or its folder is missing or takes no file.
    """
    try:
        is_page = _MARK.encode() in file.read_bytes()[:1000]
    except FileNotFoundError:
        if not file.parent.is_dir():
            what = f"there is no folder {file.parent} for the page"
            raise LlamocoError(f"{what}; make it, or name another file") from None
        is_page = True
    except OSError as error:
        raise LlamocoError(f"{file} cannot be read: {error.strerror}; name another file with --html") from None
    if not is_page:
        raise LlamocoError(f"{file} is no page of `try`, and is not replaced by one; name another file with --html")
    try:
        with tempfile.TemporaryFile(dir=file.parent) as probe:
            probe.write(bytes(_PROBE_BYTES))
            probe.flush()
    except OSError as error:
        raise LlamocoError(f"{file} cannot be written: {error.strerror}; name another file with --html") from None


def page(tried: Tried, baseline: str) -> str:
    """The page; it depends on the runs alone."""
    subject, spec = tried.subject, tried.spec
    style_hash = "sha256-" + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    head = Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">{mark}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src '{hash}'\">"
        '<link rel="icon" href="data:,"><title>{name} on {problem}</title><style>{style}</style></head>'
    ).format(
        mark=Markup(_MARK),
        hash=style_hash,
        name=subject.name,
        problem=spec.name or spec.problem_id,
        style=Markup(_STYLE),
    )
    body = [
        Markup("<body><main><h1>{} on {}</h1>").format(subject.name, spec.name or spec.problem_id),
        _table((), result_rows(tried), numbers=()),
        _figure(tried, baseline),
        Markup("<h2>{}</h2>").format(f"Beside {counted(len(tried.trials) - 1, 'other program')}"),
        _trials(tried, baseline),
        _text("The best point", point_text(subject.best)) if subject.best else Markup(""),
        _text("How runs ended", "\n".join(endings(subject))) if endings(subject) else Markup(""),
        _text("What it printed", subject.said) if subject.said.strip() else Markup(""),
        _text("The program", subject.program),
        _text("The problem", spec.source),
        Markup("</main></body></html>\n"),
    ]
    return Markup("\n").join([head, *body])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int]) -> Markup:
    def cells(row: Sequence[str], kind: str) -> Markup:
        return Markup("").join(
            Markup('<{0} class="{1}">{2}</{0}>').format(kind, "num" if at in numbers else "", text)
            for at, text in enumerate(row)
        )

    top = Markup("<thead><tr>{}</tr></thead>").format(cells(head, "th")) if head else Markup("")
    body = Markup("").join(Markup("<tr>{}</tr>").format(cells(row, "td")) for row in rows)
    return Markup('<div class="wide"><table>{}<tbody>{}</tbody></table></div>').format(top, body)


def _trials(tried: Tried, baseline: str) -> Markup:
    colours = {trial.name: at for at, trial in enumerate(marked(tried, baseline).values())}
    head = Markup("").join(Markup("<th>{}</th>").format(text) for text in HEAD)
    rows = Markup("").join(_trial(tried, trial, colours.get(trial.name)) for trial in tried.trials)
    return Markup('<div class="wide"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>').format(
        head, rows
    )


def _trial(tried: Tried, trial: Trial, colour: int | None) -> Markup:
    name, *cells = trial_row(trial)
    swatch = "" if colour is None else Markup('<span class="swatch b{}"></span>').format(colour)
    kind = "subject" if trial is tried.subject else ""
    row = Markup("").join(Markup('<td class="num">{}</td>').format(cell) for cell in cells)
    return Markup('<tr class="{}"><td>{}{}</td>{}</tr>').format(kind, swatch, name, row)


def _text(title: str, text: str) -> Markup:
    return Markup("<h2>{}</h2><pre><code>{}</code></pre>").format(title, text)


def _figure(tried: Tried, baseline: str) -> Markup:
    trials = list(marked(tried, baseline).values())
    title, values = series([tried.curve(trial) for trial in trials], tried.measured_by.best_known)
    scale = log_scale(value for row in values for _, value in row)
    if scale is None:
        return Markup("")
    across = LogScale(1.0, max(10.0, float(tried.spec.max_evaluations)))
    curves = [
        _curve(at, trial.name, row, across, scale) for at, (trial, row) in enumerate(zip(trials, values, strict=True))
    ]
    return Markup(
        '<figure><svg class="plot" role="img" aria-label="{label}">{grid}{curves}</svg>'
        "<figcaption>Evaluations, and {title}; both axes are logarithmic. Lower and further left is better."
        "</figcaption></figure>"
    ).format(label=title, title=title, grid=_grid(across, scale), curves=Markup("").join(reversed(curves)))


def _curve(at: int, name: str, row: Sequence[tuple[int, float]], across: LogScale, scale: LogScale) -> Markup:
    steps: list[str] = []
    for evaluations, value in row:
        x, y = round(_UNITS * across.place(evaluations)), round(_UNITS * (1 - scale.place(value)))
        steps.append(f"H{x}V{y}" if steps else f"M{x},{y}")
    if not steps:
        return Markup("")
    return Markup(
        '<svg width="100%" height="100%" viewBox="0 0 {units} {units}" preserveAspectRatio="none"><title>{name}</title>'
        '<path class="curve c{at}" vector-effect="non-scaling-stroke" d="{path}H{units}"/></svg>'
    ).format(units=_UNITS, name=name, at=at, path="".join(steps))


def _grid(across: LogScale, scale: LogScale) -> Markup:
    level = Markup(
        '<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/><text class="y" x="-8" y="{y}">{value}</text>'
    )
    upright = Markup(
        '<line class="grid" x1="{x}" x2="{x}" y1="0" y2="100%"/><text class="x" x="{x}" y="100%" dy="20">{value}</text>'
    )
    lines = [level.format(y=percent(1 - scale.place(d * 10.0**p)), value=tick(d, p)) for d, p in scale.ticks(6)]
    lines += [upright.format(x=percent(across.place(d * 10.0**p)), value=tick(d, p)) for d, p in across.ticks(6)]
    return Markup("").join(lines)
