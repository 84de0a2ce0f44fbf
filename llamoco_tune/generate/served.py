"""Writes programs with the model of a server."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from llamoco_tune.endpoint import EndpointConfig, Message, ask
from llamoco_tune.generate.jobs import Job, SelectionConfig, jobs_of, program_row, settings_of
from llamoco_tune.generate.pace import GenerationReport, Pace, Show
from llamoco_tune.generate.setting import SettingConfig, messages_before
from llamoco_tune.instructions import TRAINING_SPLIT, read_split
from llamoco_tune.programs import DecodingConfig, Program, open_programs
from llamoco_tune.records import digest

SEED_DIGITS = 7
"""Hexadecimal digits of a seed that is sent to a server: some servers take only 31 bits."""


def generate_at_endpoint(
    data: Path,
    selection: SelectionConfig,
    decoding: DecodingConfig,
    endpoint: EndpointConfig,
    out: Path,
    show: Show,
    setting: SettingConfig | None = None,
) -> GenerationReport:
    """Writes the programs that the file lacks, with the model of a server.

    Raises:
        TuningError: there is no such export or split, or too few training rows for the examples that are wanted; the
            file has other settings; or the server does not answer.
    """
    setting = setting or SettingConfig()
    jobs = jobs_of(read_split(data, selection.split), selection, decoding)
    settings = settings_of(decoding, served=True, **setting.facts(decoding.seed))
    with open_programs(out, endpoint.model, settings) as file:
        pace = Pace(jobs, selection, file, show)
        training = read_split(data, TRAINING_SPLIT) if setting.shots else []
        before = messages_before([job.example for job in pace.missing], training, setting, decoding.seed)
        pace.fill(_replied(pace.missing, before, decoding, endpoint, settings, pace))
        return pace.finished()


def _replied(
    jobs: Sequence[Job],
    before: Sequence[Sequence[Message]],
    decoding: DecodingConfig,
    endpoint: EndpointConfig,
    settings: str,
    pace: Pace,
) -> Iterator[Program]:
    prompts = [job.example.prompt for job in jobs]
    seeds = [int(digest([decoding.seed, job.stream])[:SEED_DIGITS], 16) for job in jobs]
    for answer in ask(prompts, seeds, decoding, endpoint, before):
        pace.count(answer.completion_tokens)
        yield program_row(jobs[answer.index], answer, endpoint.model, settings)
