"""The page about scores: its numbers, what it refuses, and the page itself in a real browser."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Browser, Page

from llamoco_data import read_instructions
from llamoco_data.comparison import Comparison, compare, read_scores, showcase
from llamoco_data.execution import executor
from llamoco_data.scoring import score
from tests.browser import HOSTILE, check_fits, opened, report
from tests.campaigns import exported_campaign
from tests.scores import write_programs, written

pytestmark = pytest.mark.integration

NEW_COLUMNS = {
    "scores.parquet": [
        *("rules", "mends", "edited_tokens", "repair_round", "repair_tokens", "evaluations", "calls", "vain_calls"),
    ],
    "problems.parquet": ["candidate_ids", "aocc", "solved", "spent", "reached"],
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported_campaign(tmp_path_factory.mktemp("comparison"), ("slsqp", "nelder_mead", "de"), 120, 3)


@pytest.fixture(scope="module")
def rows(exported: Path) -> list[dict[str, Any]]:
    """The rows of two splits."""
    every = read_instructions(exported).to_pylist()
    splits = sorted({row["split"] for row in every})[:2]
    return [row for row in every if row["split"] in splits]


@pytest.fixture(scope="module")
def folders(exported: Path, rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Scores of a model that copies the answers, and of one that breaks them in turn in ways that rules mend or not."""
    breaks = (
        lambda text: f"```python\n{text}```\n",
        lambda text: text.replace("import numpy as np\n", ""),
        lambda text: text.replace("def minimize(", "def minimize(("),
        lambda text: text,
    )
    copied = [written(row, row["answer"], model="copyist") for row in rows]
    broken = [written(row, breaks[at % 4](row["answer"]), model=HOSTILE) for at, row in enumerate(rows)]
    made: list[Path] = []
    for name, programs in (("copied", copied), ("broken", broken)):
        file = write_programs(exported.with_name(f"{name}.parquet"), programs)
        out = exported.with_name(name)
        assert score(file, exported, out, executor("inline"), confined="trusted").summary is not None
        made.append(out)
    return made[0], made[1]


@pytest.fixture(scope="module")
def comparison(folders: tuple[Path, Path]) -> Comparison:
    return compare([read_scores(folder) for folder in folders])


@pytest.fixture(scope="module")
def file(folders: tuple[Path, Path]) -> Path:
    """The page of both, as the command writes it."""
    out = folders[0].with_name("page.html")
    assert report(*folders, "--out", out) == 0
    return out


def test_virtual_best_closes_the_whole_gap_and_the_single_best_solver_none(comparison: Comparison):
    with_gap = 0
    for block in comparison.blocks:
        rows = {row.name: row for row in block.rows}
        best, single = rows["virtual best"], rows["single best solver"]
        if best.score.value > single.score.value:
            with_gap += 1
            assert best.gap is not None
            assert single.gap is not None
            assert (best.gap.value, single.gap.value) == (1.0, 0.0)
            assert best.gap.interval is single.gap.interval is None
        copyist = rows["copyist"]
        assert (copyist.score, copyist.aocc, copyist.solved) == (best.score, best.aocc, best.solved)
        assert copyist.running_times == best.running_times
        assert single.p_value is single.effect is None
        assert all(0 <= row.p_value <= 1 for row in block.rows if row.p_value is not None)
    assert with_gap


def test_failing_programs_that_the_rules_mend_are_counted(comparison: Comparison, rows: list[dict[str, Any]]):
    writings = [row.writing for block in comparison.blocks for row in block.rows if row.name == HOSTILE]
    assert all(writing is not None for writing in writings)
    failures = sum(sum(writing.failures.values()) for writing in writings if writing)
    mended = sum(writing.mended for writing in writings if writing)
    assert sum(writing.num_programs for writing in writings if writing) == len(rows)
    broken = [at % 4 for at in range(len(rows))]
    assert failures == sum(kind != 3 for kind in broken)
    assert mended == sum(kind in (0, 1) for kind in broken)


def test_traces_tell_of_all_contenders(comparison: Comparison):
    for block in comparison.blocks:
        assert block.anytime is not None
        names = {row.name for row in block.rows}
        assert set(block.anytime.attained) == set(block.anytime.profile) == names
        for name in names:
            attained, profile = block.anytime.attained[name], block.anytime.profile[name]
            assert (attained[1:] >= attained[:-1]).all()
            assert (profile[1:] >= profile[:-1]).all()
            assert 0 <= attained[0] <= attained[-1] <= 1
        assert max(profile[0] for profile in block.anytime.profile.values()) > 0
        assert len(block.anytime.curves) == block.num_problems


def test_confusion_of_copies_is_on_its_diagonal(comparison: Comparison):
    for block in comparison.blocks:
        (confusion,) = [each for each in block.confusions if each.name == "copyist"]
        assert confusion.agreement == 1.0


def gains_of(folder: Path, split: str) -> list[float]:
    """What every program gains on the single best solver, largest first."""
    scores = pq.read_table(folder / "problems.parquet").to_pylist()
    single_best = {row["problem_id"]: row["score"] for row in scores if row["contender"] == "single best solver"}
    programs = [row for row in pq.read_table(folder / "scores.parquet").to_pylist() if row["split"] == split]
    return sorted((row["score"] - single_best[row["problem_id"]] for row in programs), reverse=True)


@pytest.mark.parametrize("most", [1, 5])
def test_programs_on_show_are_those_with_the_largest_gain_and_loss(
    folders: tuple[Path, Path], most: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(showcase, "MOST_SHOWN", most)
    comparison = compare([read_scores(folder) for folder in folders])
    of_models = {"copyist": folders[0], HOSTILE: folders[1]}
    shown = [(one.split, one.name) for one in comparison.showcases]
    assert shown == [(block.split, name) for block in comparison.blocks for name in of_models]
    for one in comparison.showcases:
        gains = [shown.program.score - (shown.single_best or 0.0) for shown in one.best]
        losses = [shown.program.score - (shown.single_best or 0.0) for shown in one.worst]
        every = gains_of(of_models[one.name], one.split)
        assert gains == every[: len(gains)]
        assert losses == every[::-1][: len(losses)]
        assert (len(gains), len(losses)) == (min(most, (len(every) + 1) // 2), min(most, len(every) // 2))
        assert not {s.program.instruction_id for s in one.best} & {s.program.instruction_id for s in one.worst}
        assert all(shown.text for shown in one.best)


def test_page_is_the_same_for_copies_of_the_folders(folders: tuple[Path, Path], file: Path, tmp_path: Path, capsys):
    for folder in folders:
        shutil.copytree(folder, tmp_path / folder.name)
    out = tmp_path / "page.html"
    assert report(tmp_path / "copied", tmp_path / "broken", "--out", out) == 0
    assert out.read_bytes() == file.read_bytes()
    assert "copyist scores" in capsys.readouterr().out
    assert "http" not in out.read_text().replace('http-equiv="Content-Security-Policy"', "")


def test_folder_of_an_earlier_release_has_a_page_without_curves(folders: tuple[Path, Path], tmp_path: Path):
    shutil.copytree(folders[0], tmp_path / "old")
    for name, columns in NEW_COLUMNS.items():
        table = pq.read_table(tmp_path / "old" / name)
        pq.write_table(table.drop_columns(columns), tmp_path / "old" / name)
    for name in ("cases.parquet", "texts.parquet"):
        (tmp_path / "old" / name).unlink()
    assert report(tmp_path / "old", "--out", tmp_path / "page.html") == 0
    text = (tmp_path / "page.html").read_text()
    assert "Without curves." in text
    assert 'id="curves"' not in text
    mixed = compare([read_scores(tmp_path / "old"), read_scores(folders[1])])
    assert all(block.anytime is None for block in mixed.blocks)


def test_splits_that_state_the_same_problem_are_told_apart(folders: tuple[Path, Path], tmp_path: Path):
    """As `test` and `test_style` do, when one file of programs answers both."""
    shutil.copytree(folders[0], tmp_path / "both")
    before = compare([read_scores(folders[0])])
    split = before.blocks[0].split
    for name in ("scores.parquet", "problems.parquet", "cases.parquet"):
        table = pq.read_table(tmp_path / "both" / name)
        restated = [row | {"split": "test_style"} for row in table.to_pylist() if row["split"] == split]
        for row in restated:
            if row.get("contender", "model") == "model" and "score" in row:
                row["score"] = 0.25
        added = pa.Table.from_pylist(restated, schema=table.schema)
        pq.write_table(pa.concat_tables([table, added]), tmp_path / "both" / name)
    after = compare([read_scores(tmp_path / "both")])
    blocks = {block.split: block for block in after.blocks}
    assert blocks[split].rows == before.blocks[0].rows
    (style,) = [row for row in blocks["test_style"].rows if row.is_model]
    assert style.score.value == pytest.approx(0.25)
    assert style.writing is not None
    assert style.writing.num_programs == sum(
        row.writing.num_programs for row in before.blocks[0].rows if row.is_model and row.writing
    )
    shown = [
        (curves.problem.split, curves.problem.problem_id)
        for b in after.blocks
        if b.anytime
        for curves in b.anytime.curves
    ]
    assert len(shown) == len(set(shown)) == sum(block.num_problems for block in after.blocks)
    assert report(tmp_path / "both", "--out", tmp_path / "page.html") == 0
    text = (tmp_path / "page.html").read_text()
    assert all(text.count(f'id="problem-{split}-{problem}"') == 1 for split, problem in shown)


def test_problems_that_only_some_folders_have_are_left_out(folders: tuple[Path, Path], tmp_path: Path):
    shutil.copytree(folders[0], tmp_path / "few")
    for name in ("scores.parquet", "problems.parquet"):
        table = pq.read_table(tmp_path / "few" / name)
        first = min(table["problem_id"].to_pylist())
        keep = [problem != first for problem in table["problem_id"].to_pylist()]
        pq.write_table(table.filter(keep), tmp_path / "few" / name)
    both = compare([read_scores(tmp_path / "few"), read_scores(folders[1])])
    assert sum(block.num_left_out for block in both.blocks) == 1
    twice = compare([read_scores(folders[0]), read_scores(tmp_path / "few")])
    assert {row.name for row in twice.blocks[0].rows if row.is_model} == {"copyist (copied)", "copyist (few)"}


def test_intervals_do_not_depend_on_which_folder_comes_first(folders: tuple[Path, Path], tmp_path: Path):
    """Even where one is of an early release, whose table does not tell which problems are of one function."""
    shutil.copytree(folders[0], tmp_path / "early")
    table = pq.read_table(tmp_path / "early" / "problems.parquet")
    pq.write_table(table.drop_columns(["function"]), tmp_path / "early" / "problems.parquet")
    shutil.copytree(folders[1], tmp_path / "late")
    table = pq.read_table(tmp_path / "late" / "problems.parquet")
    at = table.schema.get_field_index("function")
    table = table.set_column(at, table.schema.field(at), [["one"] * table.num_rows])
    pq.write_table(table, tmp_path / "late" / "problems.parquet")
    early, late = read_scores(tmp_path / "early"), read_scores(tmp_path / "late")
    first, second = (compare(each).blocks for each in ((early, late), (late, early)))
    assert [block.rows for block in first] == [block.rows for block in second]
    assert all(row.score.interval is None for block in first for row in block.rows)


def test_page_tells_time_limits_that_differ(folders: tuple[Path, Path], tmp_path: Path):
    shutil.copytree(folders[0], tmp_path / "hurried")
    spec = json.loads((tmp_path / "hurried" / "score.json").read_text())
    (tmp_path / "hurried" / "score.json").write_text(json.dumps({**spec, "time_limit_s": 1.0}))
    assert report(*folders, "--out", tmp_path / "alike.html") == 0
    assert "the limits differ" not in (tmp_path / "alike.html").read_text()
    assert report(tmp_path / "hurried", folders[1], "--out", tmp_path / "page.html") == 0
    notice = "A run that timed out scores 0, and the limits differ: copyist 1&nbsp;s, "
    assert notice in (tmp_path / "page.html").read_text()


def test_what_cannot_be_compared_is_refused_in_one_line(folders: tuple[Path, Path], tmp_path: Path, capsys):
    copied = folders[0]
    shutil.copytree(copied, tmp_path / "other")
    table = pq.read_table(tmp_path / "other" / "problems.parquet")
    at = table.schema.get_field_index("recorded_single_best")
    table = table.set_column(at, table.schema.field(at), [[0.123] * table.num_rows])
    pq.write_table(table, tmp_path / "other" / "problems.parquet")
    shutil.copytree(copied, tmp_path / "measured")
    cases = pq.read_table(tmp_path / "measured" / "cases.parquet")
    at = cases.schema.get_field_index("floor")
    cases = cases.set_column(at, cases.schema.field(at), [[1e9] * cases.num_rows])
    pq.write_table(cases, tmp_path / "measured" / "cases.parquet")
    shutil.copytree(copied, tmp_path / "unfinished")
    (tmp_path / "unfinished" / "summary.json").unlink()
    shutil.copytree(copied, tmp_path / "damaged")
    (tmp_path / "damaged" / "problems.parquet").write_text("nothing")
    shutil.copytree(copied, tmp_path / "again")
    for runs in (".manifest", "runs"):
        shutil.rmtree(tmp_path / "again" / runs)
    (tmp_path / "thesis.html").write_text("mine")
    out = ("--out", tmp_path / "page.html")
    for arguments, says in (
        ([copied, tmp_path / "other", *out], "exports with other results of problem"),
        ([copied, tmp_path / "measured", *out], "exports with other results of problem"),
        ([tmp_path / "unfinished", *out], "is not finished"),
        ([tmp_path / "again", *out], "is not finished: it lacks a run on problem"),
        ([tmp_path / "damaged", *out], "a table is damaged"),
        ([copied, copied.with_name("export"), *out], "is an export, not a folder of scores"),
        ([copied, tmp_path / "nowhere", *out], "holds no scores"),
        ([copied, "--out", tmp_path / "thesis.html"], "is not a report"),
    ):
        assert report(*arguments) == 2
        said = capsys.readouterr().err.strip().splitlines()[-1]
        assert says in said, said
    assert (tmp_path / "thesis.html").read_text() == "mine"


@pytest.mark.parametrize("dark", [False, True])
def test_page_asks_for_nothing_and_shows_hostile_names_as_text(browser: Browser, file: Path, dark: bool):
    asked, complaints = [], []
    page = browser.new_context(color_scheme="dark" if dark else "light").new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(file.as_uri())
    page.click("#next")
    page.wait_for_load_state("networkidle")
    assert asked == [file.as_uri()]
    assert complaints == []
    assert page.evaluate("window.owned") is None
    assert page.locator("img").count() == 0
    assert HOSTILE in page.locator("main").inner_text()


@pytest.fixture(scope="module")
def unfolded(browser: Browser, file: Path) -> Page:
    """The page with all that it has, one below the other; tests set its width."""
    page = opened(browser, file)
    page.locator("details").evaluate_all("(nodes) => nodes.forEach((node) => { node.open = true })")
    page.evaluate("document.documentElement.classList.remove('scripted')")
    return page


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_page_fits_the_screen(unfolded: Page, width: int):
    check_fits(unfolded, width)


def test_page_has_its_blocks_charts_and_a_menu_that_leads_to_them(browser: Browser, file: Path, comparison: Comparison):
    page = opened(browser, file)
    names = [block.split for block in comparison.blocks]
    links = [link.get_attribute("href") for link in page.locator("nav a").all()]
    assert links == [f"#{name}" for name in (*names, "curves", "programs", "words")]
    for name in names:
        figure = page.locator(f"#{name}")
        for mark in (".scores .mark", ".attained .curve path", ".profile .curve path", ".confusion td.same"):
            assert figure.locator(mark).count() > 0, mark
    assert page.locator("svg:not([aria-hidden]):not([aria-label]):not(svg svg)").count() == 0


def test_chooser_changes_the_curves_and_pointing_lights_one(browser: Browser, file: Path, comparison: Comparison):
    page = opened(browser, file)
    chosen = [option.get_attribute("value") for option in page.locator("#chooser option").all()]
    assert len(chosen) == sum(block.num_problems for block in comparison.blocks)
    page.select_option("#chooser", chosen[-1])
    assert page.locator(".panel:visible").get_attribute("id") == f"problem-{chosen[-1]}"
    page.hover(".panel:visible tr[data-curve='0']")
    lit = page.locator(".panel:visible .curve.lit")
    assert {lit.nth(i).get_attribute("data-curve") for i in range(lit.count())} == {"0"}


def test_tables_hold_what_the_page_needs(folders: tuple[Path, Path], rows: list[dict[str, Any]]):
    cases = {row["problem_id"]: row for row in pq.read_table(folders[0] / "cases.parquet").to_pylist()}
    texts = {row["candidate_id"]: row for row in pq.read_table(folders[0] / "texts.parquet").to_pylist()}
    for row in rows:
        case = cases[row["problem_id"]]
        assert (case["best_known"], case["label"]) == (row["best_known"], row["optimizer"])
        assert case["source"] == row["problem_source"]
    for one in pq.read_table(folders[0] / "problems.parquet").to_pylist():
        assert set(one["candidate_ids"]) <= set(texts)
    assert json.loads((folders[0] / "summary.json").read_text())["splits"][0]["contenders"][0]["aocc"] is not None
