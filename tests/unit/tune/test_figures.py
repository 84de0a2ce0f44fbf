"""Pictures of a run: they are drawn from what the run left, and what they say in numbers is right."""

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from llamoco_tune.figures import (
    Embeddings,
    embedding_figure,
    loss_figure,
    read_embeddings,
    summary_figure,
)
from llamoco_tune.figures.embeddings import mean_cosines, project
from llamoco_tune.figures.panels import curves_of, moving_average
from llamoco_tune.figures.style import FAMILY_ORDER, looks
from llamoco_tune.metrics import MetricsRecord, append_metrics
from llamoco_tune.records import TuningError

pytestmark = pytest.mark.unit

FAMILIES = ("local search", "evolution strategy", "a family of their own") * 6


def png_size(file: Path) -> tuple[int, int]:
    """Width and height in pixels, from the head of the file."""
    head = file.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", head[16:])


def save(file: Path, embeddings: Embeddings) -> None:
    """As the warm-up does."""
    np.savez_compressed(file, before=embeddings.before, after=embeddings.after, families=np.array(embeddings.families))


def make_run(run: Path, *, steps: int = 60, warm: bool = False) -> Path:
    """A folder with the metrics of a run whose loss falls."""
    run.mkdir()
    for step in range(1, steps + 1):
        add(run, step, {"loss": 3.0 / step, "learning_rate": 1e-4 / step})
        if step % 20 == 0:
            add(run, step, {"eval_lm_loss" if warm else "eval_loss": 4.0 / step})
    return run


def add(run: Path, step: int, values: Mapping[str, float | None]) -> None:
    append_metrics(
        run,
        MetricsRecord(
            step=step,
            epoch=1.0,
            kind="train" if "loss" in values else "evaluation",
            seconds=1.0,
            tokens=step,
            peak_memory_bytes=1,
            values=dict(values),
        ),
    )


@pytest.fixture(scope="module")
def embeddings() -> Embeddings:
    """Prompts that lie close together before, and apart by family after."""
    rng = np.random.default_rng(0)
    centres = {family: rng.normal(size=8) for family in set(FAMILIES)}
    after = np.array([centres[family] for family in FAMILIES]) + 0.1 * rng.normal(size=(len(FAMILIES), 8))
    return Embeddings(5 + 0.1 * rng.normal(size=(len(FAMILIES), 8)), after, FAMILIES)


def test_losses_of_a_run_are_drawn_in_its_folder(tmp_path: Path):
    run = make_run(tmp_path / "taught")
    assert loss_figure(run) == run / "loss.png"
    alone = png_size(run / "loss.png")
    loss_figure(run, make_run(tmp_path / "warm", warm=True))
    assert png_size(run / "loss.png")[0] > 1.5 * alone[0]
    assert {file.name for file in run.iterdir()} == {"metrics.jsonl", "loss.png"}


def test_run_of_one_step_is_drawn_and_of_none_is_not(tmp_path: Path):
    assert loss_figure(make_run(tmp_path / "one", steps=1)) is not None
    assert loss_figure(make_run(tmp_path / "none", steps=0)) is None


def test_curves_are_those_of_the_metrics_without_gaps(tmp_path: Path):
    run = make_run(tmp_path / "run", steps=20, warm=True)
    add(run, 21, {"loss": None, "learning_rate": 0.0})
    curves = curves_of(run)
    assert curves.training.steps.tolist() == list(range(1, 21))
    assert [(curve.label, curve.values.tolist()) for curve in curves.evaluated] == [
        ("language model, validation", [0.2])
    ]
    assert curves.learning_rate.steps[-1] == 21


def test_summary_is_drawn_from_both_runs_and_embeddings(tmp_path: Path, embeddings: Embeddings):
    warm, taught = make_run(tmp_path / "warm", warm=True), make_run(tmp_path / "taught")
    save(tmp_path / "e.npz", embeddings)
    summary_figure(warm, taught, tmp_path / "e.npz", tmp_path / "pictures" / "summary.png")
    width, height = png_size(tmp_path / "pictures" / "summary.png")
    assert width == 1320
    assert height > width
    embedding_figure(embeddings.before, embeddings.after, FAMILIES, tmp_path / "planes.png")
    assert png_size(tmp_path / "planes.png") == (1320, 780)


def test_embeddings_are_read_back(tmp_path: Path, embeddings: Embeddings):
    save(tmp_path / "e.npz", embeddings)
    read = read_embeddings(tmp_path / "e.npz")
    assert read.families == FAMILIES
    np.testing.assert_array_equal(read.after, embeddings.after)


def test_file_without_embeddings_is_refused(tmp_path: Path):
    (tmp_path / "e.npz").write_text("nothing of the kind")
    for name in ("e.npz", "missing.npz"):
        with pytest.raises(TuningError, match="does not hold embeddings"):
            read_embeddings(tmp_path / name)


def test_projection_is_of_directions_and_says_what_it_keeps():
    rng = np.random.default_rng(1)
    angles = rng.uniform(0, 2 * np.pi, size=50)
    plane = np.stack([np.cos(angles), np.sin(angles)]) * rng.uniform(1, 9, size=50)
    turned, _ = np.linalg.qr(rng.normal(size=(6, 2)))
    projection = project((turned @ plane).T)
    assert sum(projection.shares) == pytest.approx(1)
    distances = np.linalg.norm(projection.points[:1] - projection.points, axis=1)
    assert distances == pytest.approx(2 * np.abs(np.sin((angles - angles[0]) / 2)))


def test_cosines_are_of_pairs_of_different_rows():
    rows = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    assert mean_cosines(rows, ["a", "a", "b"]) == (1.0, 0.0)
    assert np.isnan(mean_cosines(rows, ["a", "b", "c"])[0])


def test_average_follows_a_line_and_calms_noise():
    line = np.arange(100.0)
    assert moving_average(line)[10:90] == pytest.approx(line[10:90])
    assert moving_average(line).shape == line.shape
    assert moving_average(np.tile([0.0, 1.0], 100)).std() < 0.1


def test_families_keep_their_looks_whichever_are_present():
    everything = looks([*FAMILY_ORDER, "new"])
    assert len(set(everything.values())) == len(everything)
    assert looks(["local search"])["local search"] == everything["local search"]
