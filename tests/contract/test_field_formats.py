"""Runs in formats of the field: written by the command, read by liac-arff, scipy, PyYAML and iohinspector."""

import json
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import arff
import iohinspector
import numpy as np
import polars as pl
import pytest
import yaml
from scipy.io.arff import loadarff

from llamoco_data import LlamocoError, own_problem, read_runs
from llamoco_data.campaign import read_candidates, read_problems, run_campaign
from llamoco_data.campaign.driver import run_candidates
from llamoco_data.campaign.own_problems import add_problems
from llamoco_data.campaign.spec import keep_campaign, load_campaign
from llamoco_data.cli.commands import main
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.identity import stream
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.racing import Exhaustive
from llamoco_data.runs import RunRecord, run_seed
from llamoco_data.scoring.metrics import Convergence, aocc, expected_running_time, first_hit, spent
from llamoco_data.selector import ESTIMATED, NAMES, reading_of
from llamoco_data.verdicts import contest
from tests.campaigns import SMALL, candidate, grown
from tests.own_problems import BOWL, FREE

TOLD = [name for name in NAMES if name != ESTIMATED]
"""Names of what a statement says."""

pytestmark = pytest.mark.contract

CAMPAIGN = grown(num_problems=6, optimizers=("slsqp", "nelder_mead", "de", "random_search"))


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("formats") / "small"
    run_campaign(folder, CAMPAIGN, InlineExecutor())
    return folder


def export(*arguments: object) -> int:
    """The exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main(["export", *map(str, arguments)])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def aslib(campaign: Path) -> Path:
    assert export(campaign, campaign.with_name("aslib"), "--to", "aslib") == 0
    return campaign.with_name("aslib")


@pytest.fixture(scope="module")
def ioh(campaign: Path) -> Path:
    assert export(campaign, campaign.with_name("ioh"), "--to", "ioh") == 0
    return campaign.with_name("ioh")


def rows_of(file: Path) -> list[dict[str, Any]]:
    """The rows of an ARFF file, by liac-arff, which readers of ASlib use."""
    with file.open() as opened:
        read = arff.load(opened)
    return [dict(zip([name for name, _ in read["attributes"]], row, strict=True)) for row in read["data"]]


def test_scenario_holds_the_scores_the_readings_and_their_cost(campaign: Path, aslib: Path):
    described = yaml.safe_load((aslib / "description.txt").read_text())
    problems = {runs.spec.problem_id: runs for runs in read_problems(campaign)}
    candidates = {f"{c.optimizer}-{c.candidate_id[:8]}": c.candidate_id for c in read_candidates(campaign)}
    assert (described["performance_measures"], described["maximize"]) == (["score"], [True])
    assert described["algorithms_stochastic"] == list(described["metainfo_algorithms"]) == list(candidates)
    assert described["feature_steps"]["statement"]["provides"] == described["features_deterministic"]
    assert {row["statement"] for row in rows_of(aslib / "feature_costs.arff")} == {0.0}
    assert {row["statement"] for row in rows_of(aslib / "feature_runstatus.arff")} == {"ok"}
    features = {row["instance_id"]: row for row in rows_of(aslib / "feature_values.arff")}
    folds = {row["instance_id"]: row["fold"] for row in rows_of(aslib / "cv.arff")}
    assert set(features) == set(folds) == set(problems)
    assert len(set(folds.values())) == len(problems)
    found = rows_of(aslib / "algorithm_runs.arff")
    for problem_id, runs in problems.items():
        judged = contest(runs.records, order=list(candidates.values()))
        scores = {judged.candidates[at]: sorted(each.tolist()) for at, each in judged.scores.items()}
        for name, candidate_id in candidates.items():
            mine = [row for row in found if (row["instance_id"], row["algorithm"]) == (problem_id, name)]
            repetitions = [row["repetition"] for row in mine]
            assert repetitions == sorted(set(repetitions))
            values = sorted(row["score"] for row in mine if row["score"] is not None)
            assert values == pytest.approx(scores.get(candidate_id, []))
        said = reading_of(runs.spec)
        assert {name: features[problem_id][name.replace(" ", "_").replace("-", "_")] for name in TOLD} == pytest.approx(
            {name: said[name] for name in TOLD}
        )


def test_scenario_is_read_by_asf_and_serves_one_of_its_selectors(campaign: Path, aslib: Path):
    from asf.predictors import RandomForestClassifierWrapper  # noqa: PLC0415 - seconds of imports
    from asf.scenario import read_aslib_scenario  # noqa: PLC0415
    from asf.selectors import PairwiseClassifier  # noqa: PLC0415

    read: tuple[Any, ...] = read_aslib_scenario(str(aslib))  # its annotation lacks one of the seven
    features, scores, costs, folds, _, maximize, _ = read
    problems = {runs.spec.problem_id: runs for runs in read_problems(campaign)}
    assert maximize
    assert list(features.index) == list(scores.index) == list(costs.index) == list(folds.index) == sorted(problems)
    assert features["log_dimension"].to_dict() == pytest.approx(
        {problem_id: reading_of(runs.spec)["log dimension"] for problem_id, runs in problems.items()}
    )
    candidates = {f"{c.optimizer}-{c.candidate_id[:8]}": c.candidate_id for c in read_candidates(campaign)}
    for problem_id, runs in problems.items():
        judged = contest(runs.records, order=list(candidates.values()))
        means = {judged.candidates[at]: float(np.mean(each)) for at, each in judged.scores.items()}
        found = {candidates[name]: score for name, score in scores.loc[problem_id].dropna().items()}
        assert found == pytest.approx({candidate_id: means[candidate_id] for candidate_id in found})
        assert found.keys() == means.keys()
    selector = PairwiseClassifier(model_class=RandomForestClassifierWrapper, maximize=maximize)
    scores = scores.fillna(0.0)
    selector.fit(features, scores)
    chosen = selector.predict(features)
    assert chosen.keys() == set(problems)
    assert {name for ((name, _),) in chosen.values()} <= set(candidates)


def test_scenario_s_files_are_arff_by_the_rules_of_aslib(aslib: Path):
    names = {file.name for file in aslib.iterdir()}
    files = ("algorithm_runs", "feature_values", "feature_costs", "feature_runstatus", "cv")
    assert names == {"description.txt", *(f"{name}.arff" for name in files)}
    # scipy reads no texts, so the ids become numbers.
    text = (aslib / "feature_values.arff").read_text()
    for number, line in enumerate(line for line in text.splitlines() if line[:1].isalnum()):
        text = text.replace(line, f"{number},{line.partition(',')[2]}")
    numeric = aslib.with_name("numeric.arff")
    numeric.write_text(text.replace("instance_id STRING", "instance_id NUMERIC"))
    data, meta = loadarff(numeric)
    assert len(data) == 6
    assert meta.names()[2:] == [name.replace(" ", "_").replace("-", "_") for name in TOLD]
    runs = [line.split(",") for line in (aslib / "algorithm_runs.arff").read_text().split("@DATA\n")[1].splitlines()]
    pairs = Counter((row[0], row[2]) for row in runs)
    assert len(pairs) == 6 * len({row[2] for row in runs}), "a pair of instance and algorithm is missing"
    assert all(set(row[4:]) <= {"ok", "timeout", "not_applicable", "crash", "other"} for row in runs)
    assert all((row[3] == "?") == (row[4] in ("not_applicable", "other")) for row in runs)


def test_files_of_iohprofiler_are_read_by_iohinspector_and_hold_the_traces(campaign: Path, ioh: Path):
    manager = iohinspector.DataManager()
    manager.add_folders([str(ioh)])
    overview = manager.overview
    problems = {runs.index: runs for runs in read_problems(campaign)}
    made = [record for runs in problems.values() for record in runs.records if record.status != "declined"]
    assert len(overview) == len(made)
    data = manager.load(monotonic=False, include_meta_data=True)
    for name in overview["algorithm_name"].unique():
        mine = data.filter(pl.col("algorithm_name") == name)
        for instance in mine["instance"].unique():
            runs = problems[instance - 1]
            judged = contest(runs.records)
            records = [r for r in runs.records if f"-{r.candidate_id[:8]}" in name and r.status != "declined"]
            curves = mine.filter(pl.col("instance") == instance).group_by("data_id", maintain_order=True)
            found = [list(zip(curve["evaluations"], curve["raw_y"], strict=True)) for _, curve in curves]
            assert sorted(found) == sorted(values_of(record, judged.measured_by.best_known) for record in records)


def values_of(record: RunRecord, best_known: float | None) -> list[tuple[int, float]]:
    """The points of a trace that differ from the one before, and the last."""
    curve = [
        (n, f - best_known if violation == 0 and best_known is not None else 1e10 + violation)
        for n, f, violation in record.trace
    ]
    changes = [one for before, one in pairwise(curve) if one[1] != before[1]]
    return sorted({curve[0], *changes, curve[-1]})


ENDINGS = {
    "objective(lower)\nraise ValueError": ("crash", [(1, 1e10)]),
    "import time\ntime.sleep(60)": ("timeout", [(1, 1e10)]),
    "while True: objective(lower)": ("ok", [(1, 1e10 + 0.784216), (100, 1e10 + 0.784216)]),
    "objective(lower - 1)\nobjective(upper)\nreturn upper": ("ok", [(1, 1e10), (2, 1e10 + 0.058813)]),
}
"""Body of a program -> its status in a scenario, and its values in a file of IOHprofiler, to six decimals.

No point is feasible.
"""


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign of programs that fail, that are stopped, or that begin outside the box."""
    folder = tmp_path_factory.mktemp("odd") / "odd"
    spec = grown(num_problems=1, time_limit_s=0.5, policy=Exhaustive(repeats=1))
    run_candidates(folder, spec, tuple(candidate(body) for body in ENDINGS), InlineExecutor())
    return folder


def test_scenario_tells_how_each_run_ended(odd: Path):
    assert export(odd, odd.with_name("aslib"), "--to", "aslib") == 0
    found = {row["algorithm"]: row["runstatus"] for row in rows_of(odd.with_name("aslib") / "algorithm_runs.arff")}
    assert found == {f"test-{candidate(body).candidate_id[:8]}": status for body, (status, _) in ENDINGS.items()}


def test_file_of_iohprofiler_begins_at_the_first_evaluation_and_gives_a_failed_run_the_worst_value(odd: Path):
    assert export(odd, odd.with_name("ioh"), "--to", "ioh") == 0
    manager = iohinspector.DataManager()
    manager.add_folders([str(odd.with_name("ioh"))])
    curves = manager.load(monotonic=False, include_meta_data=True).group_by("algorithm_name", maintain_order=True)
    found = {
        name: [(n, round(y, 6)) for n, y in zip(curve["evaluations"], curve["raw_y"], strict=True)]
        for (name,), curve in curves
    }
    assert found == {f"test-{candidate(body).candidate_id[:8]}": values for body, (_, values) in ENDINGS.items()}


@pytest.fixture(scope="module")
def with_own(campaign: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the campaign with a user's problem at two budgets, and another one."""
    folder = tmp_path_factory.mktemp("own") / "own"
    shutil.copytree(campaign, folder)
    longer = BOWL.replace("max_evaluations = 120", "max_evaluations = 240")
    add_problems(folder, [own_problem(text, "mine") for text in (BOWL, longer, FREE)])
    run_campaign(folder, load_campaign(folder), InlineExecutor())
    return folder


def test_users_problems_are_read_by_iohinspector_too(with_own: Path):
    out = with_own.with_name("ioh")
    assert export(with_own, out, "--to", "ioh") == 0
    manager = iohinspector.DataManager()
    manager.add_folders([str(out)])
    instances = {name: set(group["instance"]) for (name,), group in manager.overview.group_by("function_name")}
    assert instances.pop("own") == {1, 2, 3}
    assert set.union(*instances.values()) <= set(range(1, 7))


def test_repetitions_of_a_scenario_are_seeds_and_a_fold_holds_a_function_at_all_budgets(with_own: Path):
    out = with_own.with_name("aslib")
    assert export(with_own, out, "--to", "aslib") == 0
    problems = {runs.spec.problem_id: runs.spec for runs in read_problems(with_own)}
    folds = {row["instance_id"]: row["fold"] for row in rows_of(out / "cv.arff")}
    mine = [
        folds[key]
        for key, spec in problems.items()
        if isinstance(spec, OwnProblemSpec) and "constraints" in spec.source
    ]
    assert len(mine) == 2
    assert len(set(mine)) == 1
    candidates = {f"{c.optimizer}-{c.candidate_id[:8]}": c.candidate_id for c in read_candidates(with_own)}
    seeds = {
        (runs.spec.problem_id, run.candidate_id): {
            record.seed for record in runs.records if record.candidate_id == run.candidate_id
        }
        for runs in read_problems(with_own)
        for run in runs.records
    }
    for row in rows_of(out / "algorithm_runs.arff"):
        made = seeds.get((row["instance_id"], candidates[row["algorithm"]]))
        if made is not None:
            assert run_seed(row["instance_id"], int(row["repetition"]) - 1) in made


def test_other_formats_are_refused_where_they_cannot_be_written(campaign: Path, aslib: Path, tmp_path: Path, capsys):
    keep_campaign(tmp_path / "empty", SMALL)
    for arguments, says in (
        ([campaign, aslib, "--to", "aslib"], "is there already"),
        ([tmp_path / "empty", tmp_path / "out", "--to", "ioh"], "no complete problem yet"),
        ([campaign, tmp_path / "out", "--to", "ioh", "--budget", "0.5"], "leave out --budget"),
        ([campaign, tmp_path / "out", "--to", "csv"], "'aslib', 'ioh'"),
    ):
        assert export(*arguments) == 2
        assert says in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["empty"]


def test_runs_are_one_table_without_repeats(campaign: Path, tmp_path: Path):
    table = read_runs(campaign)
    made = [record for runs in read_problems(campaign) for record in runs.records]
    assert set(table["run_id"].to_pylist()) >= {record.run_id for record in made}
    assert len(set(table["run_id"].to_pylist())) == table.num_rows
    keys = list(zip(*(table[name].to_pylist() for name in ("problem_id", "candidate_id", "seed")), strict=True))
    assert keys == sorted(keys)
    candidates = {c.candidate_id: c for c in read_candidates(campaign)}
    dimensions = {runs.spec.problem_id: runs.spec.dimension for runs in read_problems(campaign)}
    for row in table.to_pylist():
        candidate = candidates[row["candidate_id"]]
        assert (row["optimizer"], row["family"]) == (candidate.optimizer, candidate.family)
        assert json.loads(row["settings"]) == candidate.settings
        assert row["dimension"] == dimensions[row["problem_id"]]
    with pytest.raises(LlamocoError, match="holds no runs"):
        read_runs(tmp_path)
    shutil.copytree(campaign, tmp_path / "c")
    next((tmp_path / "c" / "runs").iterdir()).write_text("nothing")
    with pytest.raises(LlamocoError, match="is damaged"):
        read_runs(tmp_path / "c")


def random_curves(count: int, budget: int) -> list[Convergence]:
    """Curves that fall from about 1e3 to below 1e-8, each with as many checkpoints as evaluations."""
    random = stream("test", "curves", count)
    steps = random.exponential(0.4, size=(count, budget))
    errors = 10.0 ** (3 - np.cumsum(steps, axis=1))
    return [Convergence(np.arange(1.0, budget + 1), row, budget) for row in errors]


def inspected(curves: list[Convergence]) -> pl.DataFrame:
    """The curves as iohinspector has them."""
    frames = [
        {"data_id": at, "algorithm_name": "a", "evaluations": curve.checkpoints, "raw_y": curve.errors}
        for at, curve in enumerate(curves, start=1)
    ]
    return pl.concat([pl.DataFrame(frame) for frame in frames])


def test_aocc_is_that_of_iohinspector():
    budget = 40
    curves = random_curves(5, budget)
    table = iohinspector.transform_fval(inspected(curves), lb=1e-8, ub=1e2)
    for at, curve in enumerate(curves, start=1):
        mine = table.filter(pl.col("data_id") == at)
        # Its steps rise one evaluation later: the first value counts twice, the last one not at all.
        theirs = iohinspector.get_aocc(mine, eval_max=budget, free_vars=["algorithm_name"])["AOCC"].item()
        heights = np.clip((2 - np.log10(curve.errors)) / 10, 0, 1)
        assert aocc(curve) == pytest.approx(heights.mean())
        assert theirs == pytest.approx((heights[0] + heights[:-1].sum()) / budget)


def test_expected_running_time_is_that_of_iohinspector():
    budget, target = 17, 1e-4
    curves = random_curves(12, budget)
    hits = [first_hit(curve, target) for curve in curves]
    assert 0 < np.isfinite(hits).sum() < len(hits)
    pair = spent(hits, budget)
    ours = expected_running_time(*(np.array([value]) for value in pair))
    table = iohinspector.aggregate_running_time(
        inspected(curves), f_min=target, f_max=1.0, eval_max=budget, return_as_pandas=False
    )
    theirs = pl.DataFrame(table).sort("raw_y").row(0, named=True)
    assert theirs["raw_y"] == pytest.approx(target)
    assert ours == pytest.approx(theirs["ERT"] / budget)
    assert pair[1] == pytest.approx(theirs["success_ratio"])
