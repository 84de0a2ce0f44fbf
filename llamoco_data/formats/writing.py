"""Writes a campaign's runs to a new folder in another format, wholly or not at all."""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from llamoco_data.files import Place, folder_name, local_folder
from llamoco_data.formats.aslib import write_aslib
from llamoco_data.formats.ioh import write_ioh
from llamoco_data.formats.problems import CampaignRuns, campaign_runs
from llamoco_data.identity import LlamocoError

Format = Literal["aslib", "ioh"]
_WRITERS: Mapping[Format, Callable[[CampaignRuns, Path], None]] = MappingProxyType(
    {"aslib": write_aslib, "ioh": write_ioh}
)
FORMATS: tuple[Format, ...] = ("aslib", "ioh")


@dataclass(frozen=True, slots=True)
class Converted:
    """What was written."""

    folder: Path
    num_problems: int
    num_candidates: int
    num_files: int


def convert(folder: Place, out: Path, to: Format) -> Converted:
    """Writes the runs of the complete problems of a campaign.

    Raises:
        LlamocoError: the folder holds no campaign or no complete problem, or is damaged; or OUT is not new or empty,
            or cannot be written.
    """
    target = local_folder(out)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise LlamocoError(f"{out} is there already; choose a new or empty folder")
    runs = campaign_runs(folder_name(folder), folder)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            made.chmod(0o755)
            _WRITERS[to](runs, made)
            num_files = sum(file.is_file() for file in made.rglob("*"))
            os.replace(made, target)  # noqa: PTH105 - replaces an empty folder too
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise LlamocoError(f"cannot write {out}: {error.strerror or error}; choose another folder") from error
    return Converted(out, len(runs.problems), len(runs.candidates), num_files)
