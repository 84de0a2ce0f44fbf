"""`llamoco-tune web` as a visitor uses it: in a real browser, beside a real server, with real trials."""

import contextlib
import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from llamoco_tune import ask
from llamoco_tune.cli import main
from tests.chat_server import Response, chat_server
from tests.own_problems import BOWL
from tests.web import LIMIT_S, PROGRAM, STUCK, Served, served, wait_until

pytestmark = pytest.mark.integration

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
PATIENCE_MS = 1000 * LIMIT_S
HOSTILE = BOWL.replace(
    "    return (x[0]",
    "    raise ValueError('<img src=x onerror=window.owned=1><script>window.owned=1</script>')\n    return (x[0]",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("trials"), "--run-limit", "600") as server:
        yield server


@pytest.fixture
def page(browser: Browser, server: Served) -> Iterator[Page]:
    """The page in a wide window; it must complain of nothing, and ask nobody else for anything."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.set_default_timeout(PATIENCE_MS)
        page, said = context.new_page(), list[str]()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url))
        page.goto(server.address)
        yield page
        allowed = (server.address, "blob:", "Failed to load resource: the server responded with a status of 400")
        assert [each for each in said if not each.startswith(allowed)] == []


def asked(page: Page, text: str) -> None:
    """Asks about a text, and waits for the answer."""
    page.locator("#problem").fill(text)
    page.get_by_role("button", name="Ask for a program").click()
    expect(page.locator("#answer")).to_be_visible(timeout=PATIENCE_MS)


def test_example_is_answered_as_on_the_command_line(page: Page):
    page.get_by_role("button", name="Cantilever beam").click()
    problem = (EXAMPLES / "cantilever.py").read_text()
    assert page.locator("#problem").input_value() == problem
    page.locator("#programs").select_option("2")
    page.get_by_role("button", name="Ask for a program").click()
    expect(page.locator("#answer")).to_be_visible(timeout=PATIENCE_MS)
    expected = ask(problem, top=2)
    assert page.locator("#program").text_content() == expected.program
    assert page.locator("#program .keyword", has_text="def").count() > 0
    first = expected.alternatives[0]
    bars = page.locator("#choice tr")
    assert re.split(r"\s+", bars.first.inner_text().strip(), maxsplit=1) == [
        first.optimizer,
        f"{round(100 * (first.probability or 0))} %",
    ]
    widths = bars.locator(".bar div").evaluate_all("bars => bars.map((bar) => bar.getBoundingClientRect().width)")
    assert len(widths) > 3
    assert widths == sorted(widths, reverse=True)
    expect(page.locator("#worth")).to_contain_text("scored within 0.02 of the best")
    page.get_by_role("button", name=expected.alternatives[1].optimizer, exact=True).click()
    assert page.locator("#program").text_content() == expected.programs[1]


def test_program_is_copied_and_saved(page: Page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    asked(page, BOWL)
    program = page.locator("#program").text_content()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == program
    with page.expect_download() as download:
        page.get_by_role("button", name="Save").click()
    assert download.value.suggested_filename == "program.py"
    assert download.value.path().read_text() == program


def test_file_is_opened(page: Page, tmp_path: Path):
    file = tmp_path / "bowl.py"
    file.write_text(BOWL)
    page.locator("#file").set_input_files(file)
    expect(page.locator("#problem")).to_have_value(BOWL)


def test_program_runs_beside_others_with_a_live_plot(page: Page, server: Served):
    asked(page, BOWL)
    page.locator("#seeds").select_option("1")
    page.get_by_role("button", name="Run it").click()
    expect(page.locator("#plot .run").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#running")).to_have_text("done", timeout=PATIENCE_MS)
    expect(page.locator("#run-error")).to_be_hidden()
    assert (
        page.locator("#plot .median").evaluate_all("paths => paths.filter((path) => path.getTotalLength()).length") == 3
    )
    rows = page.locator("#results tbody tr")
    assert sorted(each.strip() for each in rows.locator("th").all_inner_texts()) == [
        "SciPy’s default",
        "random search",
        "this program",
    ]
    assert all(re.search(r"1/1\s+0\.1\d+", each) for each in rows.all_inner_texts() if "random" not in each)
    assert re.search(r"place\s+[123] of 3 programs", page.locator("#facts-of-run").inner_text())
    assert is_gone(server)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "there is no problem yet"),
        ("x = 1\ndef <b>", "the problem is not Python: invalid syntax at line 2"),
        (BOWL.replace("max_evaluations = 120\n", ""), "the problem defines no max_evaluations"),
        (f"{BOWL}# {20_000 * 'x'}", "the problem has 20,"),
    ],
)
def test_what_is_no_problem_is_told_in_one_line(page: Page, text: str, complaint: str):
    page.locator("#problem").fill(text)
    page.get_by_role("button", name="Ask for a program").click()
    expect(page.locator("#ask-error")).to_contain_text(complaint, timeout=PATIENCE_MS)
    expect(page.locator("#answer")).to_be_hidden()
    expect(page.get_by_role("button", name="Ask for a program")).to_be_enabled()


def test_problem_that_fails_is_told_as_text(page: Page):
    asked(page, HOSTILE)
    page.get_by_role("button", name="Run it").click()
    expect(page.locator("#run-error")).to_contain_text("<img src=x onerror=window.owned=1>", timeout=PATIENCE_MS)
    assert re.match(r"problem\.py: ", page.locator("#run-error").inner_text())
    assert page.evaluate("window.owned") is None
    expect(page.get_by_role("button", name="Run it")).to_be_enabled()


def test_problem_in_latex_is_answered_and_not_run(page: Page):
    page.get_by_role("button", name="In LaTeX").click()
    page.get_by_role("button", name="Ask for a program").click()
    expect(page.locator("#answer")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("button", name="Run it")).to_be_disabled()
    expect(page.locator("#running")).to_contain_text("write it in Python")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_fits_a_phone_and_is_readable(browser: Browser, server: Served, scheme: str):
    colours = "dark" if scheme == "dark" else "light"
    with browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=colours) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(server.address)
        page.get_by_role("button", name="Cantilever beam").click()
        page.get_by_role("button", name="Ask for a program").click()
        expect(page.locator("#answer")).to_be_visible(timeout=PATIENCE_MS)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        heights = """all => all.filter((each) => !each.closest("#choice"))
            .map((each) => [each.textContent, each.getBoundingClientRect().height])"""
        shown = page.locator("button:visible, select:visible").evaluate_all(heights)
        assert [each for each in shown if each[1] < 33] == []
        for place in ("body", ".quiet", "#program .comment", "#program .string", "#program .keyword", "#ask"):
            assert page.locator(place).first.evaluate(CONTRAST) >= 4.5, place


CONTRAST = """(node) => {
  const channels = (text) => text.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
  let behind = node;
  while (channels(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
  const colours = [getComputedStyle(node).color, getComputedStyle(behind).backgroundColor];
  const [a, b] = colours.map((colour) => light(channels(colour)));
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""
"""Contrast of a node's text with what is behind it (WCAG 2.2)."""


WANTED = {"problem": STUCK, "program": PROGRAM, "seeds": 1}


def is_loaded(server: Served) -> bool:
    """Whether the problem of `WANTED` has started its process."""
    return any("sleep 600" in each for each in server.processes())


def is_gone(server: Served) -> bool:
    """Whether nothing is left of any trial."""
    return not server.processes() and not [*server.folder.iterdir()]


def test_trials_end_when_their_visitors_leave_and_only_a_few_wait(server: Served):
    with contextlib.ExitStack() as visitors:
        for ahead in range(5):
            answer = visitors.enter_context(server.posted("/run", WANTED))
            assert answer.status == 200
            expected = {"line": "waiting", "ahead": ahead} if ahead else {"line": "checking"}
            assert json.loads(answer.readline()) == expected
        with server.posted("/run", WANTED) as refused:
            assert (refused.status, "try again" in json.loads(refused.read())["error"]) == (503, True)
        wait_until(lambda: is_loaded(server), "the problem is loaded")
    wait_until(lambda: is_gone(server), "the trials have ended")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_trial_does_not_outlive_the_server(tmp_path: Path, number: signal.Signals):
    with served(tmp_path) as server, server.posted("/run", WANTED):
        wait_until(lambda: is_loaded(server), "the problem is loaded")
        server.process.send_signal(number)
        assert server.process.wait(LIMIT_S) == -number
        wait_until(lambda: is_gone(server), "the trial has ended")


@pytest.mark.usefixtures("no_key")
def test_interrupt_ends_the_server_while_questions_wait_for_a_server_that_hangs(tmp_path: Path):
    question = {"problem": BOWL}
    with chat_server(lambda *_: Response(after_s=LIMIT_S)) as hanging, contextlib.ExitStack() as visitors:
        server = visitors.enter_context(served(tmp_path, "--endpoint", hanging.url, "--model", "m"))
        asking = [visitors.enter_context(server.posting("/ask", question)) for _ in range(2)]
        wait_until(lambda: hanging.requests, "the question has reached the model's server")
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(LIMIT_S / 3) == 130
        assert len(hanging.requests) == 1
        assert {connection.getresponse().status for connection in asking} == {503}


def test_trial_ends_at_its_limit(tmp_path: Path):
    with served(tmp_path, "--run-limit", "0.5") as server:
        with server.posted("/run", WANTED) as answer:
            assert json.loads(answer.read().splitlines()[-1]) == {
                "line": "end",
                "error": "ended after 0.5 s, the limit of a trial here; what it reached is shown",
            }
        wait_until(lambda: is_gone(server), "the trial has ended")


def test_commands_that_cannot_serve_say_so_in_one_line(server: Served, capsys: pytest.CaptureFixture[str]):
    taken = server.address.rstrip("/").rpartition(":")[2]
    for options, complaint in (
        (("--port", taken), f"127.0.0.1, port {taken}, cannot be served: Address already in use"),
        (("--host", "192.0.2.1", "--port", "0"), "192.0.2.1, port 0, cannot be served"),
        (("--host", "no.such.name.invalid"), "--host no.such.name.invalid is no address of this machine"),
        (("--endpoint", "http://localhost:1"), "--endpoint needs --model"),
        (("--port", "0", "--model", "nodir"), "there is no folder nodir, and the hub gives no model of that name"),
        (("--port", "0", "--model", str(Path(__file__).parent)), "integration holds no model: it has no config.json"),
        (("--endpoint", "localhost:1", "--model", "m"), "'localhost:1' is no URL of a server; give one such as"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["web", *options])
        out, err = capsys.readouterr()
        assert (ended.value.code, out, err.count("\n")) == (2, "", 1), err
        assert complaint in err
