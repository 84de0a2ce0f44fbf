"""The parts of a score, each by itself: reading programs, names, retrieval, marks, intervals."""

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import linear_kernel

from llamoco_data import sample_problem
from llamoco_data.identity import LlamocoError, stream
from llamoco_data.ordering import yardstick_from
from llamoco_data.portfolio import BASELINE, OPTIMIZERS, portfolio, program_text
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.runs import RunRecord, RunStatus, program_id, run_program, run_seed
from llamoco_data.scoring import intervals
from llamoco_data.scoring.cases import Case, Export, Prompt
from llamoco_data.scoring.comparing import signed_rank
from llamoco_data.scoring.contenders import Contender, drawn_programs, retrieved_programs
from llamoco_data.scoring.marks import Marks, defines_minimize, floor_of, marks_of
from llamoco_data.scoring.naming import names, title
from llamoco_data.scoring.plan import score_seed
from llamoco_data.scoring.programs import PROGRAMS, read_programs
from llamoco_data.scoring.retrieval import nearest
from llamoco_data.scoring.scored import ProblemScore, ScoredProgram
from llamoco_data.scoring.summary import summarise
from llamoco_data.statements import statement
from tests.campaigns import HEAD
from tests.scores import write_programs, written

pytestmark = pytest.mark.unit

ROW = {"instruction_id": "i", "problem_id": "p", "split": "test", "form": "python"}
SPEC = sample_problem("demo", seed=7, index=1)
CASE = Case(
    spec=SPEC,
    base_problem_id=SPEC.problem_id,
    measured_by=yardstick_from(0.0, proven=True),
    floor=1.0,
    answer="",
    optimizer="de",
    tied=frozenset({"de", "pso"}),
    winner_score=1.0,
    single_best_score=0.5,
)
OK = HEAD + "    return lower\n"


def test_programs_are_read_in_the_order_of_instruction_and_sample(tmp_path: Path):
    rows = [written(ROW, "b", sample=1), written({**ROW, "instruction_id": "h"}, ""), written(ROW, "a", detail="why")]
    read = read_programs(write_programs(tmp_path / "p.parquet", rows))
    assert [(p.instruction_id, p.sample, p.program, p.detail) for p in read.programs] == [
        ("h", 0, "", ""),
        ("i", 0, "a", "why"),
        ("i", 1, "b", ""),
    ]
    assert (read.model, read.settings) == ("a model", "{}")
    changed = read_programs(write_programs(tmp_path / "q.parquet", rows[1:]))
    assert changed.programs_id != read.programs_id


OTHER_VERSION = PROGRAMS.with_metadata({"llamoco_programs_version": "2"})
WITHOUT_TWO = pa.schema([field for field in PROGRAMS if field.name not in ("program", "ended")], PROGRAMS.metadata)
OTHER_TYPE = PROGRAMS.set(PROGRAMS.get_field_index("sample"), pa.field("sample", pa.string(), nullable=False))
NULLABLE = PROGRAMS.set(PROGRAMS.get_field_index("ended"), pa.field("ended", pa.string()))


@pytest.mark.parametrize(
    ("rows", "schema", "says"),
    [
        ([], PROGRAMS, "holds no programs"),
        ([written(ROW, "a")], OTHER_VERSION, "llamoco_programs_version 2, this program reads 1"),
        ([written(ROW, "a")], PROGRAMS.with_metadata({}), "lacks the key llamoco_programs_version.*docs/scoring.md"),
        ([written(ROW, "a")], WITHOUT_TWO, "lacks the columns ended, program; .*docs/scoring.md"),
        ([written(ROW, "a", sample="0")], OTHER_TYPE, "string in column sample, expected int64"),
        ([written(ROW, "a", ended=None)], NULLABLE, "without a value in ended"),
        ([written(ROW, "a", ended="because")], PROGRAMS, "ended 'because'"),
        ([written(ROW, "a", seconds=float("nan"))], PROGRAMS, "a seconds that is below 0 or no finite number"),
        ([written(ROW, "a", seconds=float("inf"))], PROGRAMS, "a seconds that is below 0 or no finite number"),
        ([written(ROW, "a"), written(ROW, "b", sample=-1)], PROGRAMS, "a sample that is below 0 or no finite number"),
        ([written(ROW, "a"), written(ROW, "b")], PROGRAMS, "sample 0 of instruction i more than once"),
        ([written(ROW, "a"), written(ROW, "a", sample=1, model="b")], PROGRAMS, "2 models, such as a model and b"),
    ],
)
def test_file_that_is_not_of_the_contract_is_refused(rows: list, schema: pa.Schema, says: str, tmp_path: Path):
    with pytest.raises(LlamocoError, match=says):
        read_programs(write_programs(tmp_path / "p.parquet", rows, schema))


def test_file_that_is_missing_or_no_parquet_is_refused(tmp_path: Path):
    with pytest.raises(LlamocoError, match="does not exist"):
        read_programs(tmp_path / "p.parquet")
    (tmp_path / "text").write_text("text")
    with pytest.raises(LlamocoError, match="not a Parquet file"):
        read_programs(tmp_path / "text")
    with pytest.raises(LlamocoError, match="is a folder; name the Parquet file"):
        read_programs(tmp_path)
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other")
    with pytest.raises(LlamocoError, match="its metadata lacks the key llamoco_programs_version"):
        read_programs(tmp_path / "other")


def test_title_of_a_program_names_its_optimizer_alone():
    titles = [title(program_text(optimizer.name, {})) for optimizer in OPTIMIZERS]
    assert all(titles)
    assert len(set(titles)) == len(titles)


def test_program_is_named_by_its_text_or_by_its_title():
    known = names([])
    for candidate in portfolio():
        text = program_text(candidate.optimizer, candidate.settings)
        assert known.named(text) == known.by_text[program_id(text)] == candidate.optimizer
        assert known.named(text[: len(text) // 2]) == candidate.optimizer
    assert known.named("# mine\n\n'''  jade, with my own settings.'''\n" + OK) == "jade"
    assert known.named('r"""JADE"""') == "jade"
    assert known.named('"""Direct, then SLSQP: my own."""') == known.named('"""DIRECT (1993), then SLSQP"""')
    assert known.named('"""DIRECT (1993), then SLSQP"""') == "direct_slsqp"
    assert known.named('"""DIRECT, with a local search."""') == "direct"
    for unknown in ("", OK, '"""The jade of"""', '"""DIRECT, then JADE"""', "x = 1\n'''JADE: '''"):
        assert known.named(unknown) == ""


def test_nearest_neighbour_is_that_of_scikit_learn():
    texts = [statement(sample_problem("standard", seed=1, index=i), wording=i % 16) for i in range(40)]
    asked, among = texts[:10], texts[10:]
    vectors = TfidfVectorizer(ngram_range=(1, 2)).fit(among)
    similar = np.asarray(linear_kernel(vectors.transform(asked), vectors.transform(among)))
    everything = [np.ones(len(among), dtype=np.bool_)] * len(asked)
    assert nearest(asked, among, everything) == similar.argmax(axis=1).tolist()
    half = np.arange(len(among)) < 15
    assert nearest(asked, among, [half] * len(asked)) == similar[:, :15].argmax(axis=1).tolist()
    assert nearest(["nothing known"], among, [~everything[0]]) == [None]
    assert nearest(["zzz yyy"], among, everything[:1]) == [0]


def asked(row: int, base: str, prompt: str, split: str = "train") -> Prompt:
    """A row whose answer is its id."""
    return Prompt(f"i{row}", f"p{row}", base, split, "python", prompt, f"i{row}", "de")


def test_nearest_neighbour_is_a_training_row_of_another_function():
    rows = [
        asked(0, "bowl", "a bowl of two variables"),
        asked(1, "bowl", "a bowl of two variables, at a smaller budget"),
        asked(2, "ridge", "a ridge of two variables"),
        asked(3, "wave", "a bowl of two variables, as it is tested", "test"),
        asked(4, "tide", "a bowl of two variables, as it is tested", "test"),
    ]
    export = Export("e", {row.instruction_id: row for row in rows}, {}, frozenset(), "", None)
    assert retrieved_programs(export, ["i0", "i1", "i2", "i3"]) == {"i0": "i2", "i1": "i2", "i2": "i0", "i3": "i0"}


def test_random_candidate_is_never_random_search():
    export = Export("e", {}, {CASE.problem_id: CASE}, frozenset({"de", BASELINE}), "", None)
    drawn = {drawn_programs(export, repeat)[CASE.problem_id] for repeat in range(60)}
    assert drawn == {candidate.program for candidate in stored_candidates(("de",))}


def run(status: RunStatus = "completed", best_f: float | None = 0.0, **fields: object) -> RunRecord:
    usual = {
        "problem_id": SPEC.problem_id,
        "candidate_id": "c",
        "seed": 1,
        "max_evaluations": 10,
        "status": status,
        "best_f": best_f,
        "violation": 0.0,
    }
    return RunRecord.model_validate(usual | fields)


def marks(program: str, *records: RunRecord) -> Marks:
    return marks_of(program, records, CASE, 1.0)


def test_score_is_the_share_of_the_way_on_a_log_scale_and_at_most_one():
    on_the_way = marks(OK, run(best_f=1e-4), run(best_f=2.0), run(best_f=-5.0))
    assert on_the_way.run_scores == pytest.approx((0.5, 0.0, 1.0))
    assert on_the_way.score == pytest.approx(0.5)
    assert (on_the_way.runs, on_the_way.keeps_budget, on_the_way.failure) == (True, True, "")


def test_run_that_fails_or_ends_infeasible_scores_nothing():
    failed = marks(OK, run(), run("timed_out", None, violation=None), run(violation=0.1))
    assert failed.run_scores == (1.0, 0.0, 0.0)
    assert (failed.runs, failed.failure) == (False, "timed out")
    stopped = marks(OK, run("over_budget"), run())
    assert (stopped.score, stopped.runs, stopped.keeps_budget, stopped.failure) == (1.0, True, False, "")


@pytest.mark.parametrize(
    ("program", "status", "stages"),
    [
        ("def minimize(", "invalid_program", (False, False, False, "syntax")),
        ("x = 1\n", "invalid_program", (True, False, False, "no minimize")),
        ("import nothing_there\n" + OK, "invalid_program", (True, True, False, "does not load")),
        (OK, "raised", (True, True, False, "raised")),
        (OK, "bad_return", (True, True, False, "bad return")),
        (OK, "timed_out", (True, True, False, "timed out")),
        (OK, "crashed", (True, True, False, "crashed")),
        ("globals()['minimize'] = len", "bad_return", (True, True, False, "bad return")),
    ],
)
def test_program_fails_at_its_first_stage(program: str, status: RunStatus, stages: tuple):
    found = marks(program, run(status, None, violation=None, detail="why"))
    assert (found.parses, found.defines, found.runs, found.failure) == stages
    assert (found.detail, found.score) == ("why", 0.0)


def test_answer_without_a_program_fails_at_once():
    assert marks("") == Marks(False, False, False, False, "no program", "", 0.0, (), ())


def test_minimize_may_be_bound_in_any_way_at_the_top():
    branches = "try:\n    import cma\nexcept ImportError:\n    {}\nelse:\n    {}\n"
    for text in (
        *(OK, f"\ufeff{OK}", "minimize = len", "from a import b as minimize", "if True:\n    def minimize(): pass\n"),
        *(branches.format("minimize = f", "pass"), branches.format("pass", "minimize = f"), "from a import *"),
        *("minimize: Callable = f", "f, (minimize, g) = 1, (2, 3)", "with f() as minimize: pass"),
    ):
        assert defines_minimize(text), text
    for text in (
        *("def f():\n    def minimize(): pass\n", "minimize", "x.minimize = 1", "(" * 10_000, "\0"),
        *("minimize: Callable", "x = [minimize for minimize in y]", f"x = {'+'.join('1' * 2_000)}"),
    ):
        assert not defines_minimize(text), text[:80]


@pytest.mark.parametrize(
    "binding", ["if x:\n    minimize = None\nelse:\n    minimize = solve\n", "minimize: object = solve\n"]
)
def test_program_that_binds_minimize_in_any_way_runs_or_says_which_import_is_missing(binding: str):
    text = f"x = 0\n{HEAD.replace('minimize', 'solve')}    objective(lower)\n    return lower\n\n\n{binding}"
    assert run_program(text, SPEC, 3).status == "completed"
    lost = f"import no_such_library\n{text}"
    marked = marks_of(lost, [run_program(lost, SPEC, 3)], CASE, 1.0)
    assert (marked.defines, marked.failure) == (True, "does not load")
    assert marked.detail == "ModuleNotFoundError: No module named 'no_such_library'"


def test_floor_is_that_of_the_export_or_measured_as_a_verdict_would():
    assert floor_of(CASE, []) == 1.0
    without = dataclasses.replace(CASE, floor=None)
    assert floor_of(without, [run(best_f=7.0)]) == 7.0
    hung = run(best_f=None, status="timed_out", detail="the run did not end within its time limit")
    with pytest.raises(LlamocoError, match=r"no result on problem .*: the run did not end .* longer --time-limit"):
        floor_of(without, [hung])
    assert floor_of(without, [run(best_f=7.0, violation=1.0, trace=((1, 9.0, 2.0), (5, 7.0, 1.0)))]) == 9.0


def test_seeds_are_those_of_no_campaign():
    assert (
        len({score_seed("p", 0), score_seed("p", 1), score_seed("q", 0), *(run_seed("p", r) for r in range(9))}) == 12
    )


@pytest.mark.parametrize(("hits", "count"), [(0, 7), (3, 7), (7, 7), (1, 1), (40, 100)])
def test_interval_of_a_share_is_wilson_s(hits: int, count: int):
    expected = stats.binomtest(hits, count).proportion_ci(method="wilson")
    assert intervals.share_interval(hits / count, count) == pytest.approx((expected.low, expected.high))


def test_interval_of_a_mean_is_the_percentile_bootstrap():
    values = stream("test", "values").random(30)
    shares = intervals.resampled([f"p{i}" for i in range(30)])
    found = intervals.mean_interval(values, shares)
    expected = stats.bootstrap((values,), np.mean, n_resamples=9_999, method="percentile", rng=1).confidence_interval
    assert found == pytest.approx((expected.low, expected.high), abs=0.01)
    assert intervals.mean_interval(values[:1], intervals.resampled(["p"])) is None


def test_gap_closed_is_nothing_at_the_single_best_and_all_at_the_virtual_best():
    low = stream("test", "low").random(40) / 2
    high = low + 0.3
    shares = intervals.resampled([f"p{i}" for i in range(40)])
    assert intervals.gap_closed(low, low, high) == 0.0
    assert intervals.gap_closed(high, low, high) == 1.0
    assert intervals.gap_closed((low + high) / 2, low, high) == pytest.approx(0.5)
    assert intervals.gap_interval((low + high) / 2, low, high, shares) == pytest.approx((0.5, 0.5))
    assert intervals.gap_closed(high, low, low) is None
    assert intervals.gap_interval(high, low, np.where(np.arange(40) < 1, high, low), shares) is None


def test_function_at_several_budgets_is_one_observation():
    ids, functions = [f"p{i}" for i in range(90)], [f"f{i % 30}" for i in range(90)]
    values = np.tile(stream("test", "functions").random(30), 3)
    shares = intervals.resampled(ids, functions)
    assert shares.sum(axis=1) == pytest.approx(1)
    assert shares[:, :30] == pytest.approx(shares[:, 30:60])
    alone, low = intervals.resampled(ids), np.zeros(90)
    grouped, apart = (intervals.mean_interval(values, one) for one in (shares, alone))
    assert grouped is not None
    assert apart is not None
    assert grouped[1] - grouped[0] == pytest.approx((apart[1] - apart[0]) * 3**0.5, rel=0.15)
    of_one = intervals.resampled(["p1", "p2", "p3"], ["f", "f", "f"])
    assert intervals.mean_interval(values[:3], of_one) is None
    assert intervals.gap_interval(values[:3], low[:3], low[:3] + 1, of_one) is None
    once = signed_rank(values[:30] - 0.45, low[:30])
    assert signed_rank(values - 0.45, low, functions) == pytest.approx(once)
    assert signed_rank(values - 0.45, low)[0] < once[0]


def scored(problem_id: str, sample: int, *, runs: bool) -> ScoredProgram:
    return ScoredProgram(
        instruction_id=problem_id,
        sample=sample,
        problem_id=problem_id,
        split="test",
        form="python",
        candidate_id="c",
        parses=True,
        defines=True,
        runs=runs,
        keeps_budget=runs,
        failure="" if runs else "raised",
        detail="",
        score=float(runs),
        run_scores=(float(runs),),
        run_statuses=("completed",),
        named="de",
        label="de",
        right=True,
        nearly_right=True,
        copy_of="",
        ended="stop",
        prompt_tokens=1,
        completion_tokens=100,
        seconds=1.0,
    )


def on(problem_id: str, contender: Contender, score: float) -> ProblemScore:
    return ProblemScore(
        problem_id=problem_id,
        split="test",
        contender=contender,
        score=score,
        num_answers=1,
        recorded_virtual_best=1.0,
        recorded_single_best=0.5,
    )


def test_programs_of_a_problem_are_one_observation_however_many_they_are():
    programs = [*(scored("p", sample, runs=False) for sample in range(9)), scored("q", 0, runs=True)]
    problems = [
        on("p", "model", 0.0),
        on("q", "model", 1.0),
        on("p", "virtual best", 1.0),
        on("q", "virtual best", 1.0),
    ]
    (split,) = summarise(programs, problems, "de")
    assert split.run.share == 0.5
    assert split.run.interval == intervals.share_interval(0.5, 2)
    assert split.failures == {"raised": 9}
    assert (split.completion_tokens, split.completion_tokens_per_running) == (100.0, 1000.0)


def test_each_share_of_a_summary_is_of_its_own_mark():
    """Of ten programs on a problem each, nine are Python, eight define `minimize`, and so on, down to one."""
    programs = [
        scored(str(at), 0, runs=at < 7).model_copy(
            update={
                "parses": at < 9,
                "defines": at < 8,
                "keeps_budget": at < 6,
                "named": "pso" * (at < 5),
                "nearly_right": at < 4,
                "copy_of": "pso" * (at < 3),
                "label": "de" if at < 2 else "pso",
                "right": at < 1,
                "seconds": 1.0 + at,
                "evaluations": 20.0 * at,
                "calls": 4 * at,
                "vain_calls": 2 * at,
                "ended": ("error", "length", "length", *["stop"] * 7)[at],
                "mends": at > 7,
                "edited_tokens": 100 * at,
            }
        )
        for at in range(10)
    ]
    problems = [on(str(at), contender, 1.0) for at in range(10) for contender in ("model", "virtual best")]
    (split,) = summarise(programs, problems, "de")
    marks = (split.parse, split.define, split.run, split.keep_budget, split.named, split.nearly_right, split.copies)
    shares = [mark.share for mark in (*marks, split.majority_right, split.right)]
    assert shares == pytest.approx([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
    assert (split.seconds, split.seconds_per_running) == pytest.approx((5.5, 55 / 7))
    assert (split.evaluations, split.calls, split.vain_calls) == pytest.approx((90.0, 18.0, 9.0))
    assert (split.not_generated, split.cut_off, split.mended, split.edited_tokens) == (1, 2, 2, 850.0)


def test_contender_without_an_answer_somewhere_is_left_out_and_gaps_with_the_single_best():
    problems = [
        *(on(problem_id, "model", 0.5) for problem_id in ("p", "q")),
        *(on(problem_id, "virtual best", 0.8) for problem_id in ("p", "q")),
        on("p", "nearest neighbour", 0.6),
    ]
    (split,) = summarise([scored("p", 0, runs=True), scored("q", 0, runs=True)], problems, "")
    assert [one.contender for one in split.contenders] == ["model", "virtual best"]
    assert all(one.gap_closed is one.gap_interval is None for one in split.contenders)
    both = [*problems, on("p", "single best solver", 0.2), on("q", "single best solver", 0.4)]
    (split,) = summarise([scored("p", 0, runs=True), scored("q", 0, runs=True)], both, "")
    assert split.contenders[0].gap_closed == pytest.approx(0.4)
