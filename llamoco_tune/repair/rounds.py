"""One round of repair: each failed program goes to a server with its error, and the answer takes its place."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from llamoco_tune.endpoint import EndpointConfig, ask
from llamoco_tune.extraction import program_of
from llamoco_tune.generate.pace import Counter, Headway, Show
from llamoco_tune.generate.served import SEED_DIGITS
from llamoco_tune.programs import Answer, DecodingConfig, Program, open_programs, read_programs
from llamoco_tune.records import DIGEST_CHARACTERS, digest, file_sha256
from llamoco_tune.repair.failures import Failed, failures_of

REQUEST = """\
This Python program fails.

{fence}python
{program}
{fence}

The error: {error}

Repair the program. Answer with the whole program in one fenced block.
"""
"""What a model is told: the program and its error, and nothing of the problem."""
_ROUNDS = "repairs"
"""Key of the settings that lists the rounds."""


@dataclass(frozen=True, slots=True)
class RoundReport:
    """Result of a round of repair."""

    number: int
    """Number of the round, from 1."""
    asked: tuple[Program, ...]
    """Rows whose program was asked for, as they are now."""
    last: Headway


def repair_at_endpoint(
    programs: Path,
    scores: Path,
    decoding: DecodingConfig,
    endpoint: EndpointConfig,
    out: Path,
    show: Show,
    *,
    is_retrying_errors: bool = False,
) -> RoundReport:
    """Writes the programs of a file once more, the failed ones as a server's model repaired them.

    A row without a program has nothing that could be repaired, and stays as it is, like those that run.

    Raises:
        TuningError: the file or its scores cannot be read or do not belong together, OUT holds another round, or the
            server does not answer.
    """
    rows = read_programs(programs, otherwise="give the file that was scored")
    failures = failures_of(programs, scores)
    failed = {row.key: failures[row.instruction_id, row.sample] for row in rows if _may_repair(row, failures)}
    told = _settings(rows[0].settings)
    before = told.get(_ROUNDS)
    rounds: list[object] = before if isinstance(before, list) else []
    number = len(rounds) + 1
    this_round = {
        "model": endpoint.model,
        "of": file_sha256(programs)[:DIGEST_CHARACTERS],
        **decoding.model_dump(exclude=set[str]() if not decoding.is_greedy else {"temperature", "top_p", "seed"}),
    }
    settings = json.dumps({**told, _ROUNDS: [*rounds, this_round]}, sort_keys=True)
    model = _named(rows[0].model, endpoint.model)
    with open_programs(out, model, settings) as file:
        done = {key for key, row in file.rows.items() if not (is_retrying_errors and row.ended == "error")}
        missing = [row for row in rows if row.key in failed and row.key not in done]
        counter = Counter(len(failed), len(missing), show)
        for row, answer in _answers(missing, failed, number, decoding, endpoint):
            file.add(_repaired(row, answer, number, model, settings))
            counter.add(rows=1, tokens=answer.completion_tokens)
        for row in rows:
            if row.key not in failed and row.key not in done:
                file.add(row.model_copy(update={"model": model, "settings": settings}))
        file.finish()
        return RoundReport(number, tuple(file.rows[key] for key in failed), counter.headway())


def request_of(program: str, failed: Failed) -> str:
    """The prompt for one program; its fence is longer than any in the program."""
    fence = "```"
    while fence in program:
        fence += "`"
    return REQUEST.format(fence=fence, program=program.rstrip("\n"), error=failed.error)


def _may_repair(row: Program, failures: Mapping[tuple[str, int], Failed]) -> bool:
    return bool(row.program) and (row.instruction_id, row.sample) in failures


def _answers(
    rows: Sequence[Program],
    failed: Mapping[tuple[str, str, int], Failed],
    number: int,
    decoding: DecodingConfig,
    endpoint: EndpointConfig,
) -> Iterator[tuple[Program, Answer]]:
    prompts = [request_of(row.program, failed[row.key]) for row in rows]
    streams = [digest([decoding.seed, "repair", number, row.instruction_id, row.sample]) for row in rows]
    for answer in ask(prompts, [int(stream[:SEED_DIGITS], 16) for stream in streams], decoding, endpoint):
        yield rows[answer.index], answer


def _repaired(row: Program, answer: Answer, number: int, model: str, settings: str) -> Program:
    """The row with the answer's program, or its own where the answer holds none; tokens and seconds add up."""
    return row.model_copy(
        update={
            "program": program_of(answer.completion) or row.program,
            "completion": answer.completion,
            "ended": answer.ended,
            "detail": answer.detail,
            "prompt_tokens": row.prompt_tokens + answer.prompt_tokens,
            "completion_tokens": row.completion_tokens + answer.completion_tokens,
            "seconds": row.seconds + answer.seconds,
            "repair_round": number,
            "first_program": row.first_program or row.program,
            "model": model,
            "settings": settings,
        }
    )


def _settings(settings: str) -> dict[str, object]:
    """The settings of the file as an object; those of no repaired file stand below `written`."""
    try:
        found: object = json.loads(settings)
    except ValueError:
        found = settings
    return found if isinstance(found, dict) and _ROUNDS in found else {"written": found, _ROUNDS: []}


def _named(writer: str, repairer: str) -> str:
    """The name of the model in the file: that of the writer, and of the one that repairs if it is another."""
    by = f", repaired by {repairer}"
    return writer if repairer == writer or writer.endswith(by) else f"{writer}{by}"
