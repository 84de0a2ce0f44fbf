"""The dataset card of an export: what is in it, how it was measured and how to check it, with its own numbers."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from llamoco_data.campaign import CampaignSpec
from llamoco_data.export.report import ExportReport
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import EXTENDED, MEASURED_SPLITS, REAL, SCHEMA_VERSION, SPLITS, Instruction
from llamoco_data.instruction_set.splits import VALIDATION_SHARE
from llamoco_data.racing import policy_in_words

CARD_FILE = "README.md"
UNKNOWN_LICENSE = "unknown"
"""Name that hubs have for a license nobody has stated."""
_JOINED = "of them were raced in a campaign of their own, and are not counted in the tables of winners below."
"""Ends the sentence on real problems that were joined to a set."""
_LICENSE = "apache-2.0"
"""License of this package, whose texts and programs a set of drawn and real problems consists of."""
_MARK = "llamoco_schema_version"
_NUMBER = "llamoco_snapshot"

_DEFINITION = """\
Candidates are ordered by mean score, with two runs at the mean of all added to the runs of each, so that few runs count
for less than many. Equals are ordered by the share of feasible runs, then by the median violation, then by the median
final error (errors within the tolerance are equal: 1e-8, or where no optimum is proven 1e-8 times the larger of 1 and
the best known value, and at least what the tolerance of the equalities can buy, which `extra` tells), then by the
median number of evaluations to the target, then by the order of the catalogue. `confidence` is the probability
that the winner is the truly best program or within 0.02 of its score, from the scatter of all runs on the problem;
`near_ties` are at least as good with a probability of a tenth or more. Where `base_problem_id` is another
problem, the one that was measured at a larger budget, one run is added instead of two."""

_CHECK = """\
`llamoco_data.run_program(answer, read_spec(problem_spec), seed=replay_seed)` gives `replay_best_f`,
`replay_violation` and `replay_evaluations` back; `llamoco-data verify FOLDER --sample N` does that for N rows, and
checks every id and the splits. Without the project, `problem_source` and `answer` run together as
they stand; that evaluator agrees to 1e-9, and since an optimizer can amplify a last digit, a single run may then end
elsewhere."""


_LOAD = """\
`NAME` is the folder of this set, or on a hub its repository:

```python
from datasets import load_dataset

rows = load_dataset("NAME", split="train")
print(rows[0]["prompt"], rows[0]["answer"])
```

`llamoco_data.read_instructions(FOLDER, split="train")` reads it from a folder as a pyarrow Table, and checks its
schema."""

_PACKAGE_LICENSE = """\
Apache 2.0, the license of the package that wrote the problems' texts and the programs. The libraries that programs
import have licenses of their own."""

_OWN_LICENSE = """\
Apache 2.0, except for the texts of {count} problems that users wrote: whoever owns those decides."""

_CITATION = """\
Name the recipe, the seed and the snapshot above; they say which rows these are. The method is that of

```bibtex
@article{llamoco,
  title = {{LLaMoCo}: Instruction Tuning of Large Language Models for Optimization Code Generation},
  author = {Ma, Zeyuan and Guo, Hongshu and Chen, Jiacheng and Peng, Guojun and Cao, Zhiguang and
    Ma, Yining and Gong, Yue-Jiao},
  journal = {arXiv preprint arXiv:2403.01131},
  year = {2024}
}
```"""


def dataset_card(report: ExportReport, files: Sequence[str], snapshot: int) -> str:
    """The card: a YAML header that `datasets` reads, then the text."""
    return f"""{_header(report, files, snapshot)}
# Optimization problems and the programs that solve them best

{report.num_rows:,} instructions over {report.num_problems:,} problems. Each row holds a prompt that states an
optimization problem in Python or LaTeX, and the complete Python program that did best on it: of
{len(report.spec.optimizers)} optimizers with several settings each; the winner's text is the answer.

Made by the campaign `{report.spec.recipe}` with seed {report.spec.seed}, {_problems(report.spec)},
{policy_in_words(report.spec.policy)}. Snapshot {snapshot} of this set.

## Load

{_LOAD}

{_splits(report)}

{_winners(report)}

## Kept out

{table(("reason", "problems"), [*report.kept_out.items(), ("not finished", report.incomplete)])}

## How a winner is defined

{_DEFINITION}

## Columns

{table(("column", "what it is"), _columns())}

## Check a row

{_CHECK}

## License

{_OWN_LICENSE.format(count=report.num_users_own) if report.num_users_own else _PACKAGE_LICENSE}

## Citation

{_CITATION}
"""


def _splits(report: ExportReport) -> str:
    return f"""\
## Splits

{table(("split", "problems", "rows"), _split_counts(report))}

Splits are by problem: all statements of a problem are on one side. `test_families` holds every problem with a basic
function of the families {", ".join(report.spec.held_out_families) or "(none)"}, which occur nowhere else. Of the rest
about {VALIDATION_SHARE:.0%} each go to `validation` and `test`, by the digest of the problem. `test_style` states some
problems of `test` once more, as Python in styles of programming that no other split uses; labels and scores are those
of `test`. `test_real` holds problems that nobody synthesised, from publications and data.

Answers of these splits are measured (`label_source` is `measured`): optimizers raced on the problem, and the answer
did best. The answers of `train_extended`, where the set has been extended by it, are predicted: nothing was run
on these problems, the score of an optimizer is what a forest, fitted on the training problems, expects of it, and
columns that only runs could tell are null."""


def _winners(report: ExportReport) -> str:
    return f"""\
## Winners

{table(("optimizer", "problems won"), report.winners.items())}

{table(("family", "problems won"), report.winning_families.items())}

{report.near_tie_share:.0%} of the problems have a near-tie with another optimizer; the confidence in the winning
optimizer is {report.median_confidence:.0%} in the median problem. On a log scale from random search at the same budget
(0) to the target (1), the winners score {report.virtual_best_score:.2f} on average, and the single best solver,
`{report.single_best}`, {report.single_best_score:.2f}."""


def _split_counts(report: ExportReport) -> list[tuple[str, int, int]]:
    return [(split, report.problems[split], report.rows[split]) for split in MEASURED_SPLITS]


def _problems(spec: CampaignSpec) -> str:
    own = f" and {len(spec.own_problems):,} that were given as Python files" if spec.own_problems else ""
    return f"{spec.num_problems:,} problems{own}"


def is_card(file: Path) -> bool:
    """Whether a file is the card of an export."""
    return f"\n{_MARK}: " in _text(file)


def card_number(file: Path) -> int:
    """The snapshot that a card is of; 1 for a card without a number."""
    number = re.search(rf"^{_NUMBER}: (\d+)$", _text(file), re.MULTILINE)
    return int(number[1]) if number else 1


def data_files(files: Sequence[str]) -> str:
    """The files of each split, for a YAML header: by name, so that a reader sees no others that lie beside them."""
    by_split = {split: [file for file in files if file.startswith(f"data/{split}-")] for split in SPLITS}
    return "\n".join(
        f"      - split: {split}\n        path:\n" + "\n".join(f"          - {file}" for file in names)
        for split, names in by_split.items()
        if names
    )


def extended_card(card: str, files: Sequence[str], number: int, problems: int, rows: Mapping[str, int]) -> str:
    """The card of a set, changed to that of a snapshot with predicted rows.

    Args:
        number: that of the new snapshot.
        problems: number of problems of the split of predicted rows.
        rows: split -> number of rows.

    Raises:
        LlamocoError: the card is not as an export wrote it.
    """
    measured = "|".join(MEASURED_SPLITS)
    line = f"| {EXTENDED} | {problems} | {rows[EXTENDED]} |"
    found = (rf"((?:^\| (?:{measured}) \|[^\n]*\n)+)(\| {EXTENDED} \|[^\n]*\n)?", rf"\g<1>{line}\n")
    return _edited(card, (*_of_snapshot(files, number, rows), found))


def joined_card(card: str, files: Sequence[str], number: int, problems: int, rows: Mapping[str, int]) -> str:
    """The card of a set, changed to that of a snapshot with further real problems.

    Args:
        number: that of the new snapshot.
        problems: number of problems that are new in it.
        rows: split -> number of rows.

    Raises:
        LlamocoError: the card is not as an export wrote it.
    """
    measured = sum(count for split, count in rows.items() if split != EXTENDED)

    def more(found: re.Match[str]) -> str:
        return f"{measured:,} instructions over {_count(found[1]) + problems:,} problems"

    def counted_line(found: re.Match[str]) -> str:
        return f"| {REAL} | {_count(found[1]) + problems} | {rows[REAL]} |"

    def told(found: re.Match[str]) -> str:
        return f"{found[1]}\n{_count(found[2] or '0') + problems:,} {_JOINED}"

    edits = (
        (r"^[\d,]+ instructions over ([\d,]+) problems", more),
        (rf"^\| {REAL} \| ([\d,]+) \|[^\n]*$", counted_line),
        (rf"(nobody synthesised, from publications and data\.)(?:\n([\d,]+) {re.escape(_JOINED)})?", told),
    )
    return _edited(card, (*_of_snapshot(files, number, rows), *edits))


def _count(text: str) -> int:
    return int(text.replace(",", ""))


def _of_snapshot(files: Sequence[str], number: int, rows: Mapping[str, int]) -> tuple[tuple[str, str], ...]:
    """What every snapshot changes in the card of the one before, as patterns and texts."""
    return (
        (r"(?<=^    data_files:\n).*?(?=^llamoco_)", f"{data_files(files)}\n"),
        (rf"(?<=^{_NUMBER}: )\d+$", str(number)),
        (r"(?<=^size_categories:\n  - )\S+$", size_category(sum(rows.values()))),
        (r"(?<= Snapshot )\d+(?= of this set)", str(number)),
    )


def _edited(card: str, edits: Iterable[tuple[str, str | Callable[[re.Match[str]], str]]]) -> str:
    """The card with every pattern replaced where it stands first.

    Raises:
        LlamocoError: one of them is not there.
    """
    for pattern, text in edits:
        card, found = re.subn(pattern, text, card, count=1, flags=re.MULTILINE | re.DOTALL)
        if not found:
            raise LlamocoError(f"the card {CARD_FILE} of the export was changed by hand; export the campaign again")
    return card


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _header(report: ExportReport, files: Sequence[str], snapshot: int) -> str:
    return f"""---
pretty_name: LLaMoCo optimization programs ({report.spec.recipe})
license: {UNKNOWN_LICENSE if report.num_users_own else _LICENSE}
task_categories:
  - text-generation
language:
  - en
tags:
  - optimization
  - code
  - llamoco
size_categories:
  - {size_category(report.num_rows)}
configs:
  - config_name: default
    data_files:
{data_files(files)}
{_MARK}: {SCHEMA_VERSION}
{_NUMBER}: {snapshot}
---
"""


def size_category(rows: int) -> str:
    """The label that dataset hubs use for a number of rows."""
    for limit, label in ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K")):
        if rows < limit:
            return label
    return "100K<n<1M" if rows < 1_000_000 else "n>1M"


def _columns() -> list[tuple[str, str]]:
    return [(f"`{name}`", field.description or "") for name, field in Instruction.model_fields.items()]


def table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
