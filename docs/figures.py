# pyright: reportExplicitAny=false
"""Draws the pictures of the pages: SVG that is light or dark as the reader's system has it, and loads nothing.

    python docs/figures.py                            # those that are made of files of the repository
    python docs/figures.py --campaign demo-campaign   # and the longest race of a campaign
    python docs/figures.py --check                    # changes nothing; exits with 1 if a picture is out of date

Equal files give equal bytes.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from llamoco_data import read_runs
from llamoco_data.comparison import compare, read_scores

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
RELEASE = ROOT / "docs" / "releases" / "standard" / "data"
SCORES = ROOT / "docs" / "results" / "scores"
LEARNING = ROOT / "docs" / "results" / "ready-learning.json"

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.small { font-size: 11px; } .tiny { font-size: 10px; } .soft { fill: #57606a; } .title { font-weight: 600; }
.middle { text-anchor: middle; } .end { text-anchor: end; }
.paper { fill: #ffffff; } .box { fill: #f6f8fa; stroke: #8c959f; } .ours { fill: #ddf4ff; stroke: #0969da; }
.line { stroke: #57606a; fill: none; stroke-width: 1.5; } .grid { stroke: #d8dee4; }
.head { fill: #57606a; } .curve { fill: none; stroke-width: 2; }
.c0 { stroke: #0969da; fill: #0969da; } .c1 { stroke: #bc4c00; fill: #bc4c00; }
.c2 { stroke: #1a7f37; fill: #1a7f37; } .c3 { stroke: #8250df; fill: #8250df; }
.c4 { stroke: #9a6700; fill: #9a6700; } .c5 { stroke: #bf3989; fill: #bf3989; }
.cell { stroke: none; fill-opacity: 0.22; } .dot { stroke: none; } .curve { fill: none; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .soft { fill: #9198a1; }
  .paper { fill: #0d1117; } .box { fill: #161b22; stroke: #6e7681; } .ours { fill: #0c2d6b; stroke: #58a6ff; }
  .line { stroke: #9198a1; } .head { fill: #9198a1; } .grid { stroke: #30363d; }
  .c0 { stroke: #58a6ff; fill: #58a6ff; } .c1 { stroke: #f0883e; fill: #f0883e; }
  .c2 { stroke: #3fb950; fill: #3fb950; } .c3 { stroke: #bc8cff; fill: #bc8cff; }
  .c4 { stroke: #d29922; fill: #d29922; } .c5 { stroke: #f778ba; fill: #f778ba; }
  .cell { stroke: none; fill-opacity: 0.3; } .dot { stroke: none; } .curve { fill: none; }
}
"""
FAMILY_CLASSES = {
    "evolution strategy": "c0",
    "differential evolution": "c3",
    "numerical optimization": "c1",
    "local search": "c2",
    "hybrid": "c5",
}
"""Colours of the families; the others share one."""
OTHER_CLASS = "c4"


class Picture:
    """A drawing that grows by elements, in pixels from the top left."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self._size, self._title, self._parts = (width, height), title, list[str]()

    def text(self, x: float, y: float, words: str, classes: str = "") -> None:
        """Words whose baseline begins at a point, or as the classes say."""
        self._parts.append(f'<text x="{x:g}" y="{y:g}" class="{classes}">{escape(words)}</text>')

    def box(self, x: float, y: float, width: float, height: float, classes: str, radius: float = 6) -> None:
        """A rectangle."""
        size = f'width="{width:g}" height="{height:g}"'
        self._parts.append(f'<rect x="{x:g}" y="{y:g}" {size} rx="{radius:g}" class="{classes}"/>')

    def line(self, points: Iterable[tuple[float, float]], classes: str) -> None:
        """A line through points."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._parts.append(f'<polyline points="{path}" class="{classes}"/>')

    def dot(self, x: float, y: float, radius: float, classes: str, opacity: float = 1.0) -> None:
        """A filled circle."""
        self._parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" class="dot {classes}" fill-opacity="{opacity:.2f}"/>'
        )

    def arrow(self, points: Sequence[tuple[float, float]]) -> None:
        """A line with a head at its last point, which it reaches level or upright."""
        self.line(points, "line")
        (x0, y0), (x1, y1) = points[-2:]
        right, down = (x1 > x0) - (x1 < x0), (y1 > y0) - (y1 < y0)
        wings = [(x1 - 8 * right + 4 * down * s, y1 - 8 * down + 4 * right * s) for s in (-1, 1)]
        corners = " ".join(f"{x:g},{y:g}" for x, y in [(x1, y1), *wings])
        self._parts.append(f'<polygon points="{corners}" class="head"/>')

    def text_of_file(self) -> str:
        """The whole file."""
        width, height = self._size
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
            f"<title>{escape(self._title)}</title>",
            f"<style>{STYLE}</style>",
            f'<rect width="{width}" height="{height}" class="paper"/>',
            *self._parts,
            "</svg>",
        ]
        return "\n".join(lines) + "\n"


def data_flow() -> Picture:
    """From a drawn problem to a program that is scored."""
    picture = Picture(860, 350, "From a problem to a measured answer, and from there to a model")
    boxes = {
        "problem": (10, 30, "a problem", "drawn by its name:", "functions, constraints, budget", "box"),
        "race": (230, 30, "a race", "97 candidates, on Ray actors;", "a meter counts evaluations", "box"),
        "verdict": (450, 30, "a verdict", "the winner, its confidence,", "the score of every optimizer", "box"),
        "row": (650, 30, "an instruction", "request, Python or LaTeX,", "and the program that won", "box"),
        "forest": (450, 140, "a forest", "fitted on the scores, it labels", "problems nobody raced", "box"),
        "model": (650, 250, "a model", "reads the statement, chooses", "an optimizer, writes a program", "ours"),
        "you": (10, 250, "your problem", "a file of yours,", "Python or LaTeX", "ours"),
        "score": (330, 250, "a program", "run in a sandbox, scored", "beside honest rivals", "ours"),
    }
    for x, y, title, *words, kind in boxes.values():
        picture.box(x, y, 190, 74, kind)
        picture.text(x + 95, y + 24, title, "title middle")
        for number, each in enumerate(words):
            picture.text(x + 95, y + 44 + 16 * number, each, "small middle soft")
    for x in (200, 420):
        picture.arrow([(x, 67), (x + 30, 67)])
    picture.arrow([(640, 67), (650, 67)])
    picture.arrow([(545, 104), (545, 140)])
    picture.arrow([(640, 177), (700, 177), (700, 250)])
    picture.arrow([(770, 104), (770, 250)])
    picture.arrow([(650, 287), (520, 287)])
    picture.arrow([(105, 324), (105, 340), (745, 340), (745, 324)])
    picture.text(10, 18, "llamoco_data measures", "title soft")
    picture.text(10, 238, "llamoco_tune teaches and answers", "title soft")
    picture.text(425, 334, "llamoco-tune ask", "small soft middle")
    return picture


def results() -> Picture:
    """The scores of all contenders on new problems of the kind that was taught."""
    folders = [folder for folder in sorted(SCORES.iterdir()) if "test" in _splits(folder)]
    comparison = compare([read_scores(folder) for folder in folders], traces=False)
    block = next(block for block in comparison.blocks if block.split == "test")
    rows = sorted(block.rows, key=lambda row: -row.score.value)
    picture = Picture(860, 84 + 24 * len(rows), "Scores on new problems")
    picture.text(10, 20, f"mean score on {block.num_problems} new problems, with 95 % intervals", "title")
    bottom = 42 + 24 * len(rows)
    for tenth in range(8):
        x = _of_score(tenth / 10)
        picture.line([(x, 34), (x, bottom)], "grid")
        picture.text(x, bottom + 16, f"{tenth / 10:g}", "middle soft small")
    picture.text(
        _of_score(0.35), bottom + 34, "0 is random search with the same budget, 1 the target", "middle soft small"
    )
    for place, row in enumerate(rows):
        y, kind = 50 + 24 * place, "c0" if row.wrote else "c4"
        picture.text(230, y + 4, row.name, f"end {'title' if row.wrote else ''}")
        if row.score.interval is not None:
            picture.line([(_of_score(end), y) for end in row.score.interval], f"curve {kind}")
        picture.dot(_of_score(row.score.value), y, 5, kind)
        gap = "" if row.gap is None else f"{100 * row.gap.value:.0f} % of the gap"
        picture.text(850, y + 4, gap, "end soft small")
    return picture


def _splits(folder: Path) -> set[str]:
    """The splits of a score, without reading its tables."""
    return {each["split"] for each in json.loads((folder / "summary.json").read_text())["splits"]}


def _of_score(score: float) -> float:
    """Where a score lies from left to right; one below the axis lies at its beginning."""
    return 250 + 480 * max(score, 0.0) / 0.7


DIMENSIONS = (2, 5, 10, 20, 31)
BUDGETS = (50, 75, 100, 150, 200, 300, 1_000)
"""Evaluations for each variable, at which the columns of the map begin."""


def winners_map() -> Picture:
    """Who wins where: the optimizer and the family that win most problems, by dimension and budget."""
    rows = _measured_problems()
    picture = Picture(860, 520, "The optimizer that wins most problems, by dimension and budget")
    for half, (title, wanted) in enumerate((("bounds alone", False), ("with constraints", True))):
        top = 40 + 240 * half
        picture.text(100, top - 12, title, "title")
        for column, first in enumerate(BUDGETS[:-1]):
            for level, smallest in enumerate(DIMENSIONS[:-1]):
                x, y = 100 + 125 * column, top + 44 * (len(DIMENSIONS) - 2 - level)
                _cell(picture, x, y, [r for r in rows if r["constrained"] is wanted and _inside(r, column, level)])
                if column == 0:
                    label = f"{smallest} to {DIMENSIONS[level + 1] - 1}"
                    picture.text(90, y + 26, label, "end soft small")
            if half:
                label = f"from {first}" if column == len(BUDGETS) - 2 else f"{first} to {BUDGETS[column + 1]}"
                picture.text(160 + 125 * column, top + 196, label, "middle soft small")
    picture.text(14, 24, "variables", "soft small")
    picture.text(475, 496, "evaluations for each variable", "soft small middle")
    _families(picture, 510)
    return picture


def _families(picture: Picture, y: float) -> None:
    """The legend of the colours."""
    for place, (family, kind) in enumerate([*FAMILY_CLASSES.items(), ("another", OTHER_CLASS)]):
        picture.dot(60 + 145 * place, y, 5, kind)
        picture.text(70 + 145 * place, y + 4, family, "small")


def _cell(picture: Picture, x: float, y: float, problems: Sequence[dict[str, Any]]) -> None:
    if len(problems) < 5:
        picture.text(x + 60, y + 26, "-", "soft middle")
        return
    families = Counter(row["family"] for row in problems)
    optimizers = Counter(row["optimizer"] for row in problems)
    family = min(families, key=lambda name: (-families[name], name))
    optimizer = min(optimizers, key=lambda name: (-optimizers[name], name))
    picture.box(x, y, 121, 40, f"cell {FAMILY_CLASSES.get(family, OTHER_CLASS)}", radius=3)
    picture.text(x + 60, y + 17, optimizer, "tiny middle")
    share = round(100 * optimizers[optimizer] / len(problems))
    picture.text(x + 60, y + 32, f"{share} % of {len(problems)}", "small middle soft")


def _inside(row: dict[str, Any], column: int, level: int) -> bool:
    per_variable = row["max_evaluations"] / row["dimension"]
    return (
        BUDGETS[column] <= per_variable < BUDGETS[column + 1]
        and DIMENSIONS[level] <= row["dimension"] < DIMENSIONS[level + 1]
    )


def _measured_problems() -> list[dict[str, Any]]:
    """The drawn problems of the released set at the budgets at which they were raced, one row each."""
    columns = ["problem_id", "base_problem_id", "optimizer", "family", "dimension", "max_evaluations"]
    found: dict[str, dict[str, Any]] = {}
    for split in ("train", "validation", "test", "test_families"):
        for file in sorted(RELEASE.glob(f"{split}-*.parquet")):
            for row in pq.read_table(file, columns=[*columns, "num_inequality", "num_equality"]).to_pylist():
                row["constrained"] = bool(row["num_inequality"] + row["num_equality"])
                if row["problem_id"] == row["base_problem_id"]:
                    found[row["problem_id"]] = row
    return list(found.values())


def learning_curve() -> Picture:
    """The gap closed by choices on validation problems while the ready model is taught."""
    runs: dict[str, list[list[float]]] = json.loads(LEARNING.read_text())
    picture = Picture(860, 330, "Gap closed by the choice on validation problems, by training step")
    last = max(step for points in runs.values() for step, _ in points)
    low, high = -0.2, 0.8

    def place(step: float, gap: float) -> tuple[float, float]:
        return 70 + 770 * step / last, 280 - 250 * (max(gap, low) - low) / (high - low)

    for tenth in range(-2, 9, 2):
        (_, y) = place(0, tenth / 10)
        picture.line([(70, y), (840, y)], "grid")
        picture.text(62, y + 4, f"{10 * tenth} %", "end soft small")
    for step in range(0, int(last) + 1, 1_000):
        picture.text(place(step, low)[0], 298, f"{step:,}", "middle soft small")
    for number, (name, points) in enumerate(runs.items()):
        places = [place(step, gap) for step, gap in points]
        picture.line(places, f"curve c{number}")
        for x, y in places:
            picture.dot(x, y, 3, f"c{number}")
        picture.dot(250, 216 + 18 * number, 4, f"c{number}")
        picture.text(260, 220 + 18 * number, name, "small")
    picture.text(70, 18, "gap closed by the choice, by the scores in the rows", "title")
    picture.text(455, 320, "training step", "middle soft small")
    return picture


def anatomy_of_a_race(campaign: Path) -> Picture:
    """All runs of one problem: which candidates ran how often, and what came out."""
    by_problem: dict[str, list[dict[str, Any]]] = {}
    for run in read_runs(campaign).to_pylist():
        by_problem.setdefault(run["problem_id"], []).append(run)
    problem = max(sorted(by_problem), key=lambda name: len(by_problem[name]))
    runs = by_problem[problem]
    by_candidate: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        by_candidate.setdefault(run["candidate_id"], []).append(run)
    order = sorted(by_candidate.values(), key=lambda each: (-len(each), _median(each)))
    picture = Picture(860, 60 + 13 * len(order) + 30, "All runs of one race")
    values = sorted({_value(run) for run in runs})
    picture.text(10, 20, f"{len(runs)} runs of {len(order)} candidates on one problem, {_about(runs[0])}", "title")
    picture.text(
        10, 38, "a dot is a run; the fuller its colour, the better its result among all runs of the race", "small soft"
    )
    for row, each in enumerate(order):
        y = 58 + 13 * row
        kind = FAMILY_CLASSES.get(each[0]["family"], OTHER_CLASS)
        picture.text(215, y + 4, str(each[0]["optimizer"]), "small end")
        for place, run in enumerate(sorted(each, key=lambda run: run["seed"])):
            rank = values.index(_value(run)) / max(1, len(values) - 1)
            picture.dot(232 + 14 * place, y, 5, kind, 1 - 0.85 * rank)
        picture.text(240 + 14 * len(each), y + 4, _settings(each[0]), "tiny soft")
    _families(picture, 70 + 13 * len(order))
    return picture


def _settings(run: dict[str, Any]) -> str:
    """The settings of a run, in the words of its program."""
    settings = json.loads(run["settings"] or "{}")
    return ", ".join(f"{name.lower().replace('_', ' ')} {value}" for name, value in settings.items())


def _about(run: dict[str, Any]) -> str:
    return f"{run['dimension']} variables, {run['max_evaluations']:,} evaluations"


def _value(run: dict[str, Any]) -> tuple[float, float]:
    """What a run is ranked by: violation, then the best value."""
    infinite = float("inf")
    return (
        infinite if run["violation"] is None else run["violation"],
        infinite if run["best_f"] is None else run["best_f"],
    )


def _median(runs: Sequence[dict[str, Any]]) -> tuple[float, float]:
    return sorted(map(_value, runs))[len(runs) // 2]


def main() -> None:
    """Draws what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--campaign", type=Path, help="Campaign of which a race is drawn.")
    parser.add_argument("--check", action="store_true", help="Change nothing, and fail if a picture is out of date.")
    given = parser.parse_args()
    pictures = {
        "data-flow.svg": data_flow(),
        "results.svg": results(),
        "winners-map.svg": winners_map(),
        "learning-curve.svg": learning_curve(),
    }
    if given.campaign:
        pictures["anatomy-of-a-race.svg"] = anatomy_of_a_race(given.campaign)
    texts = {IMAGES / name: picture.text_of_file() for name, picture in pictures.items()}
    old = [file for file, text in texts.items() if not file.exists() or file.read_text() != text]
    if given.check and old:
        sys.exit(f"out of date: {', '.join(file.name for file in old)}; run `make results`")
    if not given.check:
        IMAGES.mkdir(exist_ok=True)
        for file, text in texts.items():
            file.write_text(text)


if __name__ == "__main__":
    main()
