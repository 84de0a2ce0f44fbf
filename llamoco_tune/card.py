"""The model card of a run, `README.md` in its folder: a YAML header for the hub, then what a reader should know.

It names folders by the last part of their path, since the rest means nothing on another machine.
"""

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from huggingface_hub import ModelCardData
from pydantic import JsonValue

from llamoco_tune.bases import read_base
from llamoco_tune.identity import HUB_NAME
from llamoco_tune.records import Record
from llamoco_tune.run_folder import CARD_FILE, RunRecord, flat, stored_run
from llamoco_tune.tokens import PLAIN

LIBRARIES = ("torch", "transformers", "peft", "accelerate")
"""Packages whose versions a run records."""
UNSHOWN = ("epoch", "learning_rate", "grad_norm", "_runtime", "_per_second")
"""Endings of the names of metrics that say nothing about the model."""


class CardRecord(Record):
    """The facts that a card is written from."""

    name: str
    """Name of the run's folder."""
    phase: Literal["contrast", "teach"]
    base: str
    """Model before any tuning: its name on the hub, or else the name of its folder."""
    base_on_hub: bool
    base_note: str | None
    """Precision that the base's weights went through, such as `Q4_1-dequantised`; null if unknown."""
    license: str | None
    warmed_up: bool
    """Whether the base of a `teach` run came out of a `contrast` run."""
    taught_before: str
    """Steps and minutes of each run that taught the model before this one; empty if there is none."""
    chat: bool
    """Whether the tokenizer has a chat template."""
    data: str
    """Name of the export's folder."""
    data_digest: str
    num_rows: int
    """Number of training rows."""
    num_problems: int
    """Number of training problems."""
    num_set_aside: int
    """Number of training problems that stood in for a validation split; 0 if the set has one."""
    config: dict[str, JsonValue]
    results: dict[str, float]
    versions: dict[str, str]
    minutes: float
    device: str


def card_of(folder: Path, run: RunRecord, *, chat: bool) -> CardRecord:
    """The card of a finished run; facts about the base are read from the base's folder, if it is still there."""
    first, earlier = _first_base(run)
    base = read_base(Path(first))
    may_be_on_hub = HUB_NAME.fullmatch(first) is not None and not Path(first).is_dir()
    on_hub = base.model if base else (first if may_be_on_hub else None)
    return CardRecord(
        name=_name(folder),
        phase=run.spec.phase,
        base=on_hub or Path(first).name,
        base_on_hub=on_hub is not None,
        base_note=base.precision if base else None,
        license=base.license if base else None,
        warmed_up=any(each.spec.phase == "contrast" for each in earlier),
        taught_before="; ".join(_in_short(each) for each in earlier if each.spec.phase == "teach"),
        chat=chat,
        data=_name(Path(run.spec.data)),
        data_digest=run.spec.data_digest,
        num_rows=_whole(run.facts.get("num_rows")),
        num_problems=_whole(run.facts.get("num_problems")),
        num_set_aside=_whole(run.facts.get("num_set_aside")),
        config=run.spec.config,
        results=run.results,
        versions={name: str(run.facts[name]) for name in LIBRARIES if name in run.facts},
        minutes=_number(run.facts.get("minutes")),
        device=str(run.facts.get("device", "unknown")),
    )


def write_card(folder: Path, card: CardRecord) -> None:
    """Writes the card of a run into its folder."""
    (folder / CARD_FILE).write_text(model_card(card), encoding="utf-8")


def model_card(card: CardRecord) -> str:
    """The text of a model card."""
    what = _WARMED if card.phase == "contrast" else _TAUGHT
    figures = {name: value for name, value in card.results.items() if not name.endswith(UNSHOWN)}
    made = [
        ("base", card.base + (f" ({card.base_note})" if card.base_note else "")),
        ("warmed up first", "yes" if card.warmed_up else "no"),
        *([("taught before", card.taught_before)] if card.taught_before else []),
        ("instruction set", f"{card.data}, digest {card.data_digest}"),
        ("trained on", f"{card.num_rows:,} rows of {card.num_problems:,} problems"),
        *([("evaluated on", _ASIDE.format(count=card.num_set_aside))] if card.num_set_aside else []),
        ("time and device", f"{card.minutes:,.1f} minutes, {card.device}"),
        *card.versions.items(),
    ]
    settings = sorted((name, _shown(value)) for name, value in flat(card.config).items() if value is not None)
    return f"""---
{_header(card)}
---
# {card.name}

{what.format(base=card.base)}

## Use

`{card.name}` stands for the folder of this model; from a hub, give its repository instead.

{_use(card)}

## How it was made

{_table(("", ""), made if card.phase == "teach" else [row for row in made if row[0] != "warmed up first"])}

## Figures

Values of the last step and the last evaluation. {_FIGURES_OF_WARMED if card.phase == "contrast" else _FIGURES}

{_table(("metric", "value"), [(name, f"{value:.4g}") for name, value in sorted(figures.items())])}

## Limits

{_LIMITS_OF_WARMED if card.phase == "contrast" else _LIMITS}

## Settings

{_table(("setting", "value"), settings)}

## Citation

{_CITATION}
"""


_WARMED = """\
{base} after a contrastive warm-up: prompts that state optimization problems with the same best optimizer lie close
together in its last hidden state, and others lie apart. It is meant as the base of instruction tuning, and writes
programs no better than before.\
"""

_TAUGHT = """\
{base}, tuned to answer a statement of an optimization problem, in Python or LaTeX, with a complete Python program: the
optimizer that fits the problem, with its settings. The answers that it learned from were measured, not chosen by hand.\
"""

_FIGURES = """\
Names with `eval_` are measured on validation problems, none of which it was trained on; losses are in nats a token of
the answers.\
"""

_FIGURES_OF_WARMED = """\
`loss` is the contrastive loss; `eval_lm_loss` is the language model's loss on the answers to validation prompts, in
nats a token; the probes are linear classifiers that predict the best optimizer from the embeddings of prompts.\
"""

_ASIDE = "{count:,} training problems set aside, as the set has no validation split"

_LIMITS = """\
- Its programs are those of a language model: they may fail, or be a poor choice. Run them confined, and check the
  point that they find.
- It has seen continuous problems in a box, with the dimensions, budgets, functions and constraints of its instruction
  set, and requests in English. The figures say nothing about others.
- The figures are measured on validation problems, which are drawn like those it was trained on. The set's test splits
  were not used; `llamoco-data score` measures programs on them.\
"""

_CITATION = """\
Name the instruction set and its digest above, and the base. The method is that of

```bibtex
@article{llamoco,
  title = {{LLaMoCo}: Instruction Tuning of Large Language Models for Optimization Code Generation},
  author = {Ma, Zeyuan and Guo, Hongshu and Chen, Jiacheng and Peng, Guojun and Cao, Zhiguang and
    Ma, Yining and Gong, Yue-Jiao},
  journal = {arXiv preprint arXiv:2403.01131},
  year = {2024}
}
```"""

_LIMITS_OF_WARMED = """\
- In the warm-up a language model may forget some of what it knew: compare `eval_lm_loss` before and after.
- It has seen the dimensions, budgets, functions and constraints of its instruction set, and requests in English.\
"""


def _header(card: CardRecord) -> str:
    warm = ["contrastive-warm-up"] if card.phase == "contrast" or card.warmed_up else []
    data = ModelCardData(
        base_model=card.base if card.base_on_hub else None,
        license=card.license,
        datasets=[card.data],
        library_name="transformers",
        pipeline_tag="text-generation",
        tags=["llamoco", "optimization", "algorithm-selection", "code-generation", *warm],
    )
    return data.to_yaml().strip()


def _use(card: CardRecord) -> str:
    if card.phase == "contrast":
        command = shlex.join(["llamoco-tune", "teach", "--data", card.data, "--base", card.name, "--out", "tuned"])
        return f"```console\n$ {command}\n```"
    words = ["llamoco-tune", "generate", "--data", card.data, "--split", "test", "--model", card.name]
    command = shlex.join([*words, "--out", "programs.parquet"])
    asked, taken = (
        ('[{"role": "user", "content": prompt}]', '["generated_text"][-1]["content"]')
        if card.chat
        else (f"f{PLAIN!r}", '["generated_text"]')
    )
    return f"""With this project:

```console
$ {command}
```

With transformers, where `prompt` is a whole request, as in the set's column `prompt`:

```python
from transformers import pipeline

write = pipeline("text-generation", "{card.name}")
print(write({asked}, max_new_tokens=1500, do_sample=False)[0]{taken})
```"""


def _name(folder: Path) -> str:
    """The name under which a folder is known, which a link may have given it."""
    return folder.name if folder.name not in ("", "..") else folder.resolve().name


def _first_base(run: RunRecord) -> tuple[str, list[RunRecord]]:
    """The base before any tuning run, and the runs since then but the last, the earliest first."""
    base, earlier = run.spec.base, list[RunRecord]()
    while Path(base).is_dir() and (before := stored_run(Path(base))) is not None:
        base, earlier = before.spec.base, [before, *earlier]
    return base, earlier


def _in_short(run: RunRecord) -> str:
    return f"{_number(run.results.get('step')):,.0f} steps in {_number(run.facts.get('minutes')):,.1f} minutes"


def _table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    lines = [head, ("---", "---"), *rows]
    return "\n".join(f"| {name} | {value} |" for name, value in lines)


def _shown(value: JsonValue) -> str:
    """A setting as text; a path is reduced to its last part."""
    if isinstance(value, str) and value.startswith(("/", "~", ".")):
        return Path(value).name
    return ", ".join(map(_shown, value)) if isinstance(value, list) else str(value)


def _whole(value: JsonValue) -> int:
    return value if isinstance(value, int) else 0


def _number(value: JsonValue) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
