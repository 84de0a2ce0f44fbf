"""The report of a campaign: written through the command line, and looked at in a real browser."""

import itertools
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from llamoco_data import own_problem
from llamoco_data.campaign import add_problems, run_campaign, run_candidates
from llamoco_data.campaign.spec import keep_campaign
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.export import export
from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.racing import Exhaustive
from llamoco_data.report import write_report
from llamoco_data.report.numbers import campaign_report
from llamoco_data.report.reading import read_judged
from llamoco_data.statements import python_source
from tests.browser import HOSTILE, check_fits, opened, report
from tests.campaigns import SMALL, grown
from tests.own_problems import BOWL

pytestmark = pytest.mark.integration

CHARTS = ("winners", "groups", "gap", "contribution", "sureness", "curves", "cost")
WIDE: ViewportSize = {"width": 1280, "height": 800}
CONSTRAINED = grown(num_problems=8, optimizers=("slsqp", "nelder_mead", "one_plus_one_es", "de", "random_search"))


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "c"
    run_campaign(folder, CONSTRAINED, InlineExecutor())
    return folder


@pytest.fixture(scope="module")
def file(campaign: Path) -> Path:
    """The page of the campaign, as the command writes it."""
    out = campaign.with_name("page.html")
    assert report(campaign, "--out", out) == 0
    return out


def test_report_says_where_the_page_is_and_who_wins(campaign: Path, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert report(campaign) == 0
    out = capsys.readouterr().out
    assert out.startswith("c-report.html: 8 problems judged")
    assert "wins most often" in out
    assert [file.name for file in tmp_path.iterdir()] == ["c-report.html"]


def test_report_of_an_equal_folder_elsewhere_has_the_same_bytes(campaign: Path, file: Path, tmp_path: Path):
    shutil.copytree(campaign, tmp_path / "another-name")
    out = tmp_path / "page.html"
    assert report(tmp_path / "another-name", "--out", out) == 0
    assert out.read_bytes() == file.read_bytes()
    assert report(tmp_path / "another-name", "--out", out) == 0
    assert out.read_bytes() == file.read_bytes()


def test_report_loads_nothing_and_names_no_path(campaign: Path, file: Path):
    text = file.read_text()
    assert "http" not in text.replace('http-equiv="Content-Security-Policy"', "")
    assert str(campaign.parent) not in text
    assert len(text) < 3_000_000


def test_report_refuses_to_replace_what_is_no_report(campaign: Path, tmp_path: Path, capsys):
    out = tmp_path / "thesis.html"
    out.write_text("mine")
    assert report(campaign, "--out", out) == 2
    assert "--out" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert report(campaign, "--out", tmp_path) == 2
    assert report(campaign, "--out", "/dev/null") == 2
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.html"]


def test_report_that_cannot_be_written_is_refused(campaign: Path, tmp_path: Path, capsys):
    (tmp_path / "file").write_text("mine")
    assert report(campaign, "--out", tmp_path / "file" / "page.html") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert (tmp_path / "file").read_text() == "mine"


def test_report_of_a_campaign_without_a_run_is_refused(tmp_path: Path, capsys):
    keep_campaign(tmp_path / "c", SMALL)
    out = tmp_path / "page.html"
    assert report(tmp_path / "c", "--out", out) == 2
    assert "none of its 4 problems has a run" in capsys.readouterr().err
    assert not out.exists()


def test_report_of_an_unfinished_campaign_judges_what_is_complete(campaign: Path, tmp_path: Path):
    folder = tmp_path / "c"
    shutil.copytree(campaign, folder)
    keep_campaign(folder, CONSTRAINED.model_copy(update={"num_problems": 30}))
    written = write_report(folder, tmp_path / "page.html")
    assert written.report.campaign.num_judged == 8
    text = written.file.read_text()
    assert "8 of\n30 problems have all their runs" in text
    assert "not judged: 22" in text


def test_report_without_a_complete_problem_has_the_costs(campaign: Path, tmp_path: Path):
    folder = tmp_path / "c"
    shutil.copytree(campaign, folder)
    keep_campaign(folder, CONSTRAINED.model_copy(update={"policy": Exhaustive(repeats=3)}))
    written = write_report(folder, tmp_path / "page.html")
    assert written.report.campaign.num_judged == 0
    assert {cost.optimizer for cost in written.report.campaign.costs} == set(CONSTRAINED.optimizers)
    text = written.file.read_text()
    assert "Nothing is judged yet" in text
    assert 'id="cost"' in text
    assert 'id="winners"' not in text


def test_report_with_every_problem_kept_out_says_so(tmp_path: Path):
    run_campaign(tmp_path / "c", grown(num_problems=2, optimizers=("random_search",)), InlineExecutor())
    written = write_report(tmp_path / "c", tmp_path / "page.html")
    assert written.report.num_problems == 0
    assert sum(written.report.campaign.kept_out.values()) == 2
    text = written.file.read_text()
    assert "Every judged problem is kept out" in text
    assert "Kept out: no better than random search." in text
    with pytest.raises(LlamocoError, match=r"has nothing to export: nothing can be learned from its 2 problems; see"):
        export(tmp_path / "c", tmp_path / "set")


def test_export_without_a_complete_problem_says_how_many_lack_runs(tmp_path: Path):
    add_problems(tmp_path / "c", [own_problem(BOWL, "bowl")], start=SMALL.model_copy(update={"num_problems": 0}))
    with pytest.raises(LlamocoError, match=r"has nothing to export yet: 1 problem lacks runs; continue with: .* run"):
        export(tmp_path / "c", tmp_path / "set")


def test_report_of_one_problem_has_no_interval(tmp_path: Path):
    run_campaign(tmp_path / "c", grown(num_problems=1), InlineExecutor())
    written = write_report(tmp_path / "c", tmp_path / "page.html")
    assert written.report.campaign.num_judged == 1
    assert written.report.gap is None or written.report.gap.interval is None


def test_report_s_numbers_agree_with_each_other(campaign: Path):
    numbers = campaign_report(read_judged(campaign))
    judged = numbers.campaign
    assert judged.num_judged == 8
    assert sum(row.wins for row in numbers.wins) == numbers.num_problems > 0
    assert sum(cost.runs for cost in judged.costs) == sum(judged.status.runs_by_status.values())
    assert sum(cost.evaluations for cost in judged.costs) == judged.status.evaluations
    assert sum(cost.core_hours for cost in judged.costs) == pytest.approx(judged.status.cpu_hours)
    assert numbers.gap is not None
    assert numbers.gap.difference >= 0


def test_report_s_curves_end_where_the_verdict_stands(campaign: Path):
    judged = read_judged(campaign)
    assert len(judged.curves) == 8
    for problem in judged.curves:
        assert problem.curves[0].role == "winner"
        tolerance = problem.verdict.tolerance
        for curve in problem.curves:
            end, standing = curve.points[-1], curve.standing
            if standing.median_error is None:
                assert end.error is None
            else:
                assert end.error is not None
                assert end.error == standing.median_error or end.error < standing.median_error <= tolerance
            assert end.violation == standing.median_violation


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_asks_for_nothing_and_complains_of_nothing(browser: Browser, file: Path, scheme: str):
    asked, complaints = [], []
    page = browser.new_context(color_scheme="dark" if scheme == "dark" else "light").new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(file.as_uri())
    page.click("#next")
    page.wait_for_load_state("networkidle")
    assert asked == [file.as_uri()]
    assert complaints == []


SIZES = """(marks) => marks.map((mark) => {
  const {width, height} = mark.getBoundingClientRect();
  return [width, height];
})"""


@pytest.fixture(scope="module")
def page(browser: Browser, file: Path) -> Page:
    """The page, for tests that only look at it; they set its width."""
    return opened(browser, file)


def test_page_has_every_chart_with_marks_a_title_and_how_to_read_it(page: Page):
    page.set_viewport_size(WIDE)
    for chart in CHARTS:
        figure = page.locator(f"#{chart}")
        assert figure.locator("h2").inner_text()
        assert len(figure.locator("figcaption").inner_text()) > 20
        sizes = figure.locator(".mark, .curve path").evaluate_all(SIZES)
        assert any(width > 3 and height > 3 for width, height in sizes), chart
    nameless = page.locator("svg:not([aria-hidden]):not([aria-label]):not(svg svg)")
    assert nameless.count() == 0


def test_page_answers_in_its_first_screen(page: Page, campaign: Path):
    numbers = campaign_report(read_judged(campaign))
    page.set_viewport_size(WIDE)
    header = page.locator("header").inner_text()
    assert numbers.wins[0].optimizer in header
    assert numbers.gap is not None
    assert f"{numbers.gap.difference:.2f}" in header


def test_chooser_changes_the_curves(browser: Browser, file: Path):
    page = opened(browser, file)
    seen = []
    for index in ("0", "3", "7"):
        page.select_option("#chooser", index)
        assert page.locator(".panel:visible").get_attribute("id") == f"problem-{index}"
        seen.append(page.locator(".panel:visible .curve path").first.get_attribute("d"))
    assert len(set(seen)) == 3
    page.click("#next")
    assert page.locator(".panel:visible").get_attribute("id") == "problem-0"
    page.click("#previous")
    assert page.locator(".panel:visible").get_attribute("id") == "problem-7"


def test_filter_narrows_the_chooser_and_gives_back_all(browser: Browser, file: Path):
    page = opened(browser, file)
    every = page.locator("#chooser option").all_inner_texts()
    page.fill("#filter", "Composition, 2 variables")
    few = page.locator("#chooser option").all_inner_texts()
    assert few == [text for text in every if "composition, 2 variables" in text]
    assert 0 < len(few) < len(every)
    page.fill("#filter", "no such problem")
    assert page.locator("#chooser").is_disabled()
    page.fill("#filter", "")
    assert page.locator("#chooser option").all_inner_texts() == every


def test_pointing_at_a_row_lights_its_curve_alone(browser: Browser, file: Path):
    page = opened(browser, file)
    page.hover(".panel:visible tr[data-curve='1']")
    lit = page.locator(".panel:visible .curve.lit")
    assert {lit.nth(i).get_attribute("data-curve") for i in range(lit.count())} == {"1"}


def test_page_without_scripts_shows_every_problem(browser: Browser, file: Path):
    page = opened(browser, file, scripts=False)
    assert page.locator(".panel:visible").count() == 8


def luminance(colour: str) -> float:
    """Of `rgb(r, g, b)`, as WCAG 2.2 defines it."""
    channels = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def rgb(colour: str) -> str:
    """`#rrggbb` as `rgb(r, g, b)`."""
    digits = colour.strip().removeprefix("#")
    return f"rgb({', '.join(str(int(digits[i : i + 2], 16)) for i in (0, 2, 4))})"


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def colours(page: Page, selector: str, what: str) -> set[str]:
    script = "(nodes, what) => nodes.map((node) => getComputedStyle(node)[what])"
    return set(page.locator(selector).evaluate_all(script, what))


def test_page_is_readable_in_light_and_in_dark(browser: Browser, file: Path):
    papers = set()
    for scheme in ("light", "dark"):
        page = opened(browser, file, scheme=scheme)
        (paper,) = colours(page, "body", "backgroundColor")
        papers.add(paper)
        text = colours(page, "body, h1, h4, p:not(.notice), th, td, figcaption, footer dd, nav a", "color")
        text |= colours(page, "svg text:not(.inside)", "fill")
        assert min(contrast(colour, paper) for colour in text) >= 4.5
        tiles = colours(page, ".tiles div", "backgroundColor").pop()
        assert min(contrast(colour, tiles) for colour in colours(page, ".tiles dt, .tiles dd", "color")) >= 4.5
        panel = colours(page, "pre", "backgroundColor").pop()
        assert (
            min(contrast(colour, panel) for colour in colours(page, "pre code, select, input, button", "color")) >= 4.5
        )
        notice = page.locator("html").evaluate("(html) => getComputedStyle(html).getPropertyValue('--notice')")
        assert min(contrast(colour, rgb(notice)) for colour in colours(page, "body", "color")) >= 4.5
        marks = colours(page, ".swatch:not(.not-judged)", "backgroundColor")
        assert min(contrast(colour, paper) for colour in marks) >= 3
        inside = colours(page, "#groups text.inside", "fill").pop()
        parts = colours(page, "#groups .part rect", "fill")
        assert min(contrast(colour, inside) for colour in parts) >= 4.5
    assert len(papers) == 2


@pytest.fixture(scope="module")
def unfolded(browser: Browser, file: Path) -> Page:
    """The page with all that it has, one below the other; tests set its width."""
    page = opened(browser, file)
    page.locator("details").evaluate_all("(nodes) => nodes.forEach((node) => { node.open = true })")
    show_every_problem(page)
    return page


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_page_fits_the_screen(unfolded: Page, width: int):
    check_fits(unfolded, width)


def show_every_problem(page: Page) -> None:
    """All problems one below the other, as without scripts."""
    page.evaluate("document.documentElement.classList.remove('scripted')")
    assert page.locator(".panel:visible").count() == 8


TEXTS_OF_PICTURES = """(pictures) => pictures.map((picture) => [...picture.querySelectorAll("text")].map((text) => {
  const {left, right, top, bottom} = text.getBoundingClientRect();
  return [left, right, top, bottom, text.textContent];
}))"""
TEXTS_OF_ROWS = """(rows) => rows.map((row) => [...row.querySelectorAll("td.num, td.role")].map((cell) => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  const {left, right, top, bottom} = range.getBoundingClientRect();
  return [left, right, top, bottom, cell.textContent];
}))"""
Box = tuple[float, float, float, float, str]


def overlaps(boxes: list[Box], apart: float) -> list[tuple[str, str]]:
    """Pairs of texts on one line, in pixels, that are less than so far apart."""
    return [
        (one[4], other[4])
        for one, other in itertools.combinations(boxes, 2)
        if one[0] < other[1] + apart and other[0] < one[1] + apart and one[2] < other[3] and other[2] < one[3]
    ]


@pytest.fixture(scope="module")
def every_problem(browser: Browser, file: Path) -> Page:
    """The page with all problems, and what is folded folded; tests set its width."""
    page = opened(browser, file)
    show_every_problem(page)
    return page


@pytest.mark.parametrize("width", [360, 390, 768, 800, 1280])
def test_labels_and_numbers_stand_apart(every_problem: Page, width: int):
    every_problem.set_viewport_size({"width": width, "height": 800})
    pictures = every_problem.locator("svg:has(> text)").evaluate_all(TEXTS_OF_PICTURES)
    assert len(pictures) > 10
    assert [pair for boxes in pictures for pair in overlaps(boxes, 2)] == []
    rows = every_problem.locator("table tbody tr").evaluate_all(TEXTS_OF_ROWS)
    assert [pair for boxes in rows for pair in overlaps(boxes, 6)] == []


@pytest.mark.parametrize("width", [360, 1280])
def test_numbers_inside_bars_stay_in_their_parts(page: Page, width: int):
    page.set_viewport_size({"width": width, "height": 800})
    script = """(parts) => parts.map((part) => {
      const rect = part.querySelector("rect").getBoundingClientRect();
      const text = part.querySelector("text").getBoundingClientRect();
      return rect.left <= text.left && text.right <= rect.right;
    })"""
    inside = page.locator("#groups .part:has(text)").evaluate_all(script)
    assert inside
    assert all(inside)


def test_winner_s_curve_is_drawn_over_the_others(page: Page):
    plots = page.locator("svg.plot:has(> .curve.winner)")
    assert plots.count() > 8
    last = plots.evaluate_all(
        "(all) => all.map((plot) => [...plot.querySelectorAll(':scope > .curve')].pop().classList)"
    )
    assert all("winner" in classes.values() for classes in last)


@pytest.mark.parametrize("width", [390, 1280])
def test_menu_leads_to_every_section_and_stays_in_sight(page: Page, width: int):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(reduced_motion="reduce")
    links = page.locator("nav a")
    assert {link.get_attribute("href") for link in links.all()} == {f"#{name}" for name in (*CHARTS, "words")}
    for link in links.all():
        link.click()
        section = page.locator(link.get_attribute("href") or "")
        menu, title = page.locator("nav").bounding_box(), section.locator("h2").bounding_box()
        assert menu
        assert title
        assert menu["y"] == 0
        assert menu["height"] <= title["y"] < 800


def test_problem_and_program_stand_beside_the_curves_where_there_is_room(page: Page, campaign: Path):
    problem = read_judged(campaign).curves[0]
    for width, beside in ((390, False), (768, False), (1280, True), (1920, True)):
        page.set_viewport_size({"width": width, "height": 800})
        drawn, texts = (page.locator(f".panel:visible .{name}").bounding_box() for name in ("drawn", "texts"))
        assert drawn
        assert texts
        assert (drawn["x"] + drawn["width"] <= texts["x"]) == beside
        assert (drawn["y"] + drawn["height"] <= texts["y"]) != beside
        shown = page.locator(".panel:visible pre code").all_text_contents()
        assert shown == [python_source(problem.spec), problem.curves[0].candidate.program]


def test_menu_of_an_unjudged_campaign_names_what_is_there(campaign: Path, browser: Browser, tmp_path: Path):
    shutil.copytree(campaign, tmp_path / "c")
    keep_campaign(tmp_path / "c", CONSTRAINED.model_copy(update={"policy": Exhaustive(repeats=3)}))
    page = opened(browser, write_report(tmp_path / "c", tmp_path / "page.html").file)
    assert page.locator("nav a").all_inner_texts() == ["Cost", "Words"]


def test_page_shows_hostile_names_as_text(browser: Browser, tmp_path: Path):
    candidates = [
        candidate.model_copy(update={"optimizer": HOSTILE, "settings": {HOSTILE: HOSTILE}})
        if candidate.optimizer == "nelder_mead"
        else candidate
        for candidate in stored_candidates(SMALL.optimizers)
    ]
    run_candidates(tmp_path / "c", SMALL, candidates, InlineExecutor())
    assert report(tmp_path / "c", "--out", tmp_path / "page.html") == 0
    page = opened(browser, tmp_path / "page.html", width=360)
    assert page.evaluate("window.owned") is None
    assert page.locator("img").count() == 0
    assert HOSTILE in page.locator("#cost").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
