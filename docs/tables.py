"""Writes the generated parts of the pages: each lies between `<!-- begin: NAME -->` and `<!-- end: NAME -->`.

    python docs/tables.py [--check]

With `--check` it changes nothing, and exits with 1 if a page is out of date. It writes no other part of a page.
"""

import argparse
import inspect
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from llamoco_data.cli.commands import llamoco_data
from llamoco_data.export import REASONS
from llamoco_data.instruction_set import SCHEMA, CandidateResult, Instruction
from llamoco_data.portfolio import OPTIMIZERS, Optimizer, Setting, portfolio, render
from llamoco_data.problems.constraint_forms import FORMS, ConstraintForm
from llamoco_data.problems.functions import FUNCTIONS, BasicFunction
from llamoco_data.problems.sampling import ProblemMixture
from llamoco_data.problems.suites import SUITES, suites
from llamoco_data.racing import Exhaustive, Policy
from llamoco_data.recipes import RECIPES, sample_problem
from llamoco_data.rivals import RIVALS
from llamoco_data.scoring.scored import PROGRAM_SCORES, ScoredProgram
from llamoco_data.statements import Form, statement
from llamoco_tune.cli.commands import llamoco_tune
from llamoco_tune.recipes import RECIPES as TUNING_RECIPES
from llamoco_tune.recipes import Recipe
from llamoco_tune.training import TrainConfig

ROOT = Path(__file__).resolve().parents[1]
PART = re.compile(r"(?<=<!-- begin: )([a-z-]+)( -->\n)(.*?)(?=<!-- end: \1 -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Example:
    """The row that the README shows: the shortest one of the demo's export, which `make demo` prints."""

    index: int
    form: Form
    wording: int
    optimizer: str
    settings: Mapping[str, Setting]


EXAMPLE = Example(index=3, form="python", wording=6, optimizer="nelder_mead", settings={"INITIAL_STEP": 0.5})


def main() -> int:
    """Brings every page up to date, or reports the pages that are not; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if a page is out of date")
    check: bool = parser.parse_args().check
    stale: list[str] = []
    for page in [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]:
        old = page.read_text(encoding="utf-8")
        new = updated(old)
        if new != old:
            stale.append(str(page.relative_to(ROOT)))
            if not check:
                page.write_text(new, encoding="utf-8")
    for name in stale:
        print(f"{name} {'is out of date: run make docs-tables' if check else 'brought up to date'}")
    return 1 if check and stale else 0


def updated(page: str) -> str:
    """The text of a page with every generated part made anew.

    Raises:
        KeyError: a part has an unknown name.
    """
    return PART.sub(lambda part: f"{part[1]}{part[2]}\n{PARTS[part[1]]().strip()}\n\n", page)


def counts() -> str:
    families = Counter(optimizer.family for optimizer in OPTIMIZERS)
    chains, floor = families.pop("hybrid"), families.pop("baseline")
    rows = [
        ("basic functions", f"{len(FUNCTIONS)} in {len({f.family for f in FUNCTIONS})} families"),
        ("constraint forms", f"{len(FORMS)}"),
        ("optimizers", f"{len(OPTIMIZERS) - floor}, and random search as the floor"),
        ("of them, single methods", f"{families.total()} in {len(families)} families"),
        ("of them, chains of two methods (family `hybrid`)", f"{chains}"),
        ("candidates (an optimizer with its settings)", f"{len(portfolio())}"),
        ("optimizers that take constraints", f"{sum(optimizer.takes_constraints for optimizer in OPTIMIZERS)}"),
    ]
    return table(("part", "number"), rows)


def rivals() -> str:
    return table(("name", "what it answers"), [(f"`{name}`", what) for name, what in RIVALS.items()])


def functions() -> str:
    families = dict.fromkeys(function.family for function in FUNCTIONS)
    return "\n\n".join(_family(family, [f for f in FUNCTIONS if f.family == family]) for family in families)


def _family(family: str, members: list[BasicFunction]) -> str:
    rows = [
        (
            f"`{f.name}`",
            "many" if f.multimodal else "one",
            "yes" if f.separable else "no",
            "yes" if f.smooth else "no",
            _order_of_magnitude(f.conditioning),
            f"±{f.half_width:g}",
            f.source,
        )
        for f in members
    ]
    head = ("function", "minima", "separable", "smooth", "conditioning", "usual box", "source")
    return f"### {family.capitalize()}\n\n{table(head, rows)}\n\n{formulas(members)}"


def _order_of_magnitude(value: float) -> str:
    return f"{value:g}" if value < 1000 else f"{value:.0e}".replace("e+0", "e")


def real_problems() -> str:
    return "\n\n".join(f"### {title}\n\n{_suite(suite)}" for suite, title in SUITES.items())


def _suite(suite: str) -> str:
    rows = [
        (
            f"`{problem.name}`",
            problem.title + (f"<br>*{problem.note}*" if problem.note else ""),
            str(problem.dimension),
            str(problem.num_inequality),
            str(problem.num_equality),
            f"{problem.best_known:.8g}",
        )
        for problem in suites()
        if problem.suite == suite
    ]
    return table(("problem", "what it is, *note*", "variables", "g", "h", "best known value"), rows)


def constraint_forms() -> str:
    rows = [
        (
            f"`{form.name}`",
            form.title,
            ", ".join(f"`{sense}`" for sense in form.senses),
            "yes" if form.linear else "no",
            _parameters(form),
            form.source,
        )
        for form in FORMS
    ]
    return f"{table(('form', 'what it is', 'senses', 'linear', 'numbers', 'source'), rows)}\n\n{formulas(FORMS)}"


def _parameters(form: ConstraintForm) -> str:
    vector = "`a > 0`" if form.positive_coefficients else "`a`"
    used = [(form.uses_coefficients, vector), (form.uses_center, "`c`"), (form.uses_width, "`w`")]
    return ", ".join(name for uses, name in used if uses) or "-"


def formulas(members: Iterable[BasicFunction | ConstraintForm]) -> str:
    """The formulas in LaTeX, each after a comment with its name."""
    lines: list[str] = []
    for member in members:
        text = member.latex.replace("<c>", "c").replace("<w>", "w")
        auxiliary = member.where if isinstance(member, BasicFunction) else ()
        lines += [f"% {member.name}", r", \quad ".join([text, *auxiliary])]
    return block("latex", "\n".join(lines))


def optimizers() -> str:
    rows = [
        (
            f"`{o.name}`",
            f"{o.title}<br>*{o.family}*",
            o.library,
            "<br>".join(f"`{name}`: {', '.join(map(str, values))}" for name, values in o.grid.items()) or "-",
            _declined(o),
        )
        for o in OPTIMIZERS
    ]
    return table(("optimizer", "method, family", "library", "settings tried", "declines"), rows)


def _declined(optimizer: Optimizer) -> str:
    """The problems that an optimizer declines."""
    least = optimizer.min_evaluations_per_dimension
    limits = [
        (not optimizer.takes_constraints, "constraints"),
        (optimizer.needs_constraints, "no constraints"),
        (least, f"less than {least:g} D evaluations"),
        (optimizer.max_evaluations, f"more than {optimizer.max_evaluations} evaluations"),
        (optimizer.max_dimension, f"more than {optimizer.max_dimension} variables"),
        (optimizer.max_free_dimension, f"no constraints and more than {optimizer.max_free_dimension} variables"),
    ]
    return "<br>".join(text for limit, text in limits if limit) or "-"


def recipes() -> str:
    rows: list[tuple[str, ...]] = []
    for name, recipe in RECIPES.items():
        spec = recipe()
        mixture = spec.mixture
        factors = f"{mixture.min_budget_factor:g} D to {mixture.max_budget_factor:,g} D"
        rows.append(
            (
                f"`{name}`",
                f"{spec.num_problems:,}",
                f"{mixture.min_dimension} to {mixture.max_dimension}",
                f"{factors}, at most {mixture.max_evaluations:,}",
                _kinds(mixture),
                _runs_of_a_candidate(spec.policy),
                f"2 x {spec.wordings}",
                str(spec.seed),
            )
        )
    head = ("recipe", "problems", "variables", "evaluations", "kinds", "runs of a candidate", "prompts", "seed")
    return table(head, rows)


def _runs_of_a_candidate(policy: Policy) -> str:
    return str(policy.repeats) if isinstance(policy, Exhaustive) else f"1 to {policy.repeats}, by a race"


def _kinds(mixture: ProblemMixture) -> str:
    single = 1 - mixture.composition_share - mixture.hybrid_share
    shares = {"single": single, "composition": mixture.composition_share, "hybrid": mixture.hybrid_share}
    return ", ".join(f"{share:.0%} {kind}" for kind, share in shares.items())


def reasons() -> str:
    rows = [(change, f"`{reason}`", meaning) for reason, (change, meaning) in REASONS.items()]
    return table(("change", "reason", "what it means"), rows)


def columns() -> str:
    rows = [
        (
            f"`{field.name}`",
            _type(str(field.type)),
            "yes" if field.nullable else "",
            Instruction.model_fields[field.name].description or "",
        )
        for field in SCHEMA
    ]
    return table(("column", "type", "may be null", "what it is"), rows)


def result_fields() -> str:
    struct = SCHEMA.field("optimizer_scores").type.value_type
    fields = [struct.field(name) for name in CandidateResult.model_fields]
    rows = [
        (
            f"`{field.name}`",
            _type(str(field.type)),
            "yes" if field.nullable else "",
            CandidateResult.model_fields[field.name].description or "",
        )
        for field in fields
    ]
    return table(("field", "type", "may be null", "what it is"), rows)


def program_scores() -> str:
    rows = [
        (f"`{field.name}`", _type(str(field.type)), ScoredProgram.model_fields[field.name].description or "")
        for field in PROGRAM_SCORES
    ]
    return table(("column", "type", "what it is"), rows)


_LISTS = {
    "list<item: struct<name": "list of names and values",
    "list<item: struct": "list of results",
    "list<item: string>": "list of strings",
    "list<item: double>": "list of float64",
}


def _type(name: str) -> str:
    for arrow, ours in _LISTS.items():
        if name.startswith(arrow):
            return ours
    return name.replace("double", "float64")


def commands() -> str:
    return "\n\n".join(_command(f"llamoco-data {name}", command) for name, command in llamoco_data.commands.items())


def tuning_commands() -> str:
    return "\n\n".join(_command(f"llamoco-tune {name}", command) for name, command in llamoco_tune.commands.items())


def tuning_recipes() -> str:
    rows = [_tuning_recipe(name, make()) for name, make in TUNING_RECIPES.items()]
    head = ("recipe", "base", "weights", "batch of a step", "minutes", "memory", "for", "known")
    return table(head, rows)


def _tuning_recipe(name: str, recipe: Recipe) -> tuple[str, ...]:
    teach, cost = recipe.teach, recipe.cost
    of_rows = teach.batching == "padded"
    count = teach.per_batch * teach.train.accumulation
    return (
        f"`{name}`",
        f"`{recipe.base}`",
        _trained_weights(teach.train),
        f"{count} rows" if of_rows else f"{count} x {teach.sequence_length:,} tokens, packed",
        f"{cost.minutes:g}",
        f"{cost.memory_gb:g} GB",
        cost.on,
        cost.known,
    )


def _trained_weights(train: TrainConfig) -> str:
    if train.lora:
        return f"LoRA, rank {train.lora.rank}"
    return f"the last {1 - train.frozen_share:.0%} of the layers" if train.frozen_share else "all"


def _command(called: str, command: click.Command) -> str:
    name = called.rpartition(" ")[2]
    context = click.Context(command, info_name=called)
    usage = " ".join([called, *command.collect_usage_pieces(context)])
    options = [_option(parameter) for parameter in command.params if isinstance(parameter, click.Option)]
    parts = [f"### {name}", block("text", usage), _help(command)]
    return "\n\n".join([*parts, *([table(("option", "meaning"), options)] if options else [])])


def _help(command: click.Command) -> str:
    """The help of a command, with what click is told not to wrap as a block."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    as_it_is = "\b\n"
    return "\n\n".join(block("text", part.removeprefix(as_it_is)) if as_it_is in part else part for part in paragraphs)


def _option(option: click.Option) -> tuple[str, str]:
    value = "" if option.is_flag else f" {option.metavar or _kind(option)}"
    default = f" Default: {option.default}." if option.show_default else ""
    names = " / ".join([option.opts[0], *option.secondary_opts])
    return f"`{names}{value}`", f"{option.help}{default}"


def _kind(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        choices: Iterable[object] = option.type.choices
        return f"{{{','.join(str(choice) for choice in choices)}}}"
    return "PATH" if isinstance(option.type, click.Path) else "N"


def instruction() -> str:
    spec = sample_problem("demo", seed=RECIPES["demo"]().seed, index=EXAMPLE.index)
    prompt = statement(spec, form=EXAMPLE.form, wording=EXAMPLE.wording)
    (candidate,) = [c for c in portfolio((EXAMPLE.optimizer,)) if c.settings == EXAMPLE.settings]
    return f"The prompt:\n\n{block('text', prompt)}\n\nThe answer:\n\n{block('python', render(candidate, spec))}"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def block(language: str, text: str) -> str:
    """A fenced block; the fence is longer than those inside."""
    fence = "````" if "```" in text else "```"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


PARTS: Mapping[str, Callable[[], str]] = {
    "columns": columns,
    "commands": commands,
    "tuning-commands": tuning_commands,
    "tuning-recipes": tuning_recipes,
    "constraint-forms": constraint_forms,
    "counts": counts,
    "functions": functions,
    "instruction": instruction,
    "optimizers": optimizers,
    "program-scores": program_scores,
    "real-problems": real_problems,
    "reasons": reasons,
    "recipes": recipes,
    "result-fields": result_fields,
    "rivals": rivals,
}

if __name__ == "__main__":
    sys.exit(main())
