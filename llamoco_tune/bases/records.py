"""Describes a base model in its folder: `base.json` for programs, `README.md` for people and the hub."""

from pathlib import Path

from pydantic import ValidationError

from llamoco_tune.records import Record, TuningError

BASE_FILE = "base.json"
"""File that is written last, so that a folder with it is complete."""


class BaseRecord(Record):
    """Origin and kind of a base model."""

    name: str
    """Name that was asked for; for a folder its last part."""
    model: str | None
    """Name on the hub, if it has one."""
    source: str
    """Origin of the weights, in words."""
    source_sha256: str | None
    """SHA-256 of the file that was fetched, if it was a single file."""
    precision: str
    """Precision that the weights went through, such as `Q4_1-dequantised`, or the type that they are stored in."""
    license: str | None
    """License as the source names it; null if it names none."""
    num_parameters: int


def read_base(folder: Path) -> BaseRecord | None:
    """The record of the base model in a folder; None if `llamoco-tune base` did not write the folder.

    Raises:
        TuningError: its record cannot be read.
    """
    file = folder / BASE_FILE
    if not file.exists():
        return None
    try:
        return BaseRecord.from_json(file.read_bytes())
    except ValidationError as error:
        raise TuningError(f"{file} is not a record of a base model; remove the folder and fetch it again") from error


def describe_base(base: BaseRecord) -> str:
    """The `README.md` of a base model's folder: a YAML header that the hub reads, then the text."""
    header = [f"license: {base.license}"] if base.license else []
    header += [f"base_model: {base.model}"] if base.model else []
    facts = [
        ("source", base.source),
        ("sha256 of the source", base.source_sha256),
        ("license", base.license),
        ("weights", base.precision),
        ("parameters", f"{base.num_parameters:,}"),
    ]
    table = "\n".join(f"| {name} | {value} |" for name, value in facts if value)
    return "\n".join(
        [
            "---",
            *header,
            "library_name: transformers",
            "pipeline_tag: text-generation",
            "---",
            f"# {base.model or base.name}",
            "",
            "A language model before any tuning, saved by `llamoco-tune base`: weights as safetensors, and tokenizer.",
            "",
            "| | |",
            "|---|---|",
            table,
            "",
        ]
    )
