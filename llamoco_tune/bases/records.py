"""What the folder of a base model says of itself: `base.json` for programs, `README.md` for people and the hub."""

from pathlib import Path

from pydantic import ValidationError

from llamoco_tune.records import Record, TuningError

BASE_FILE = "base.json"
"""Written last: a folder with it is complete."""


class BaseRecord(Record):
    """Where a base model came from."""

    name: str
    """What was asked for; of a folder its last part."""
    model: str | None
    """Its name on the hub, where it has one."""
    source: str
    """Where the weights came from, in words."""
    source_sha256: str | None
    """Of the one file that was fetched, where it was one."""
    precision: str
    """What the weights went through: `Q4_1-dequantised`, or the type they are kept in."""
    license: str | None
    """As the source says; null where it says nothing."""
    num_parameters: int


def read_base(folder: Path) -> BaseRecord | None:
    """What a folder says of the base model in it; None where this program did not write it.

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
    """The `README.md` of its folder: a YAML header that the hub reads, then the text."""
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
            "A language model as it was before tuning, kept by `llamoco-tune base`: weights as safetensors, and the",
            "tokenizer. Nothing was trained.",
            "",
            "| | |",
            "|---|---|",
            table,
            "",
        ]
    )
