"""A generation that is killed in the middle: what was answered is not asked again, and no key is left anywhere."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from llamoco_tune.cli import main
from llamoco_tune.instructions import read_split
from llamoco_tune.programs import read_programs
from tests.chat_server import Request, Response, chat_server, completion
from tests.tuning_data import write_export

pytestmark = pytest.mark.chaos

KEY = "sk-never-to-be-seen"


def test_killed_generation_given_again_asks_what_is_missing_and_the_key_is_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    export = write_export(tmp_path / "export", test=4)
    prompts = {example.instruction_id: example.prompt for example in read_split(export, "test")}
    out = tmp_path / "out" / "programs.parquet"
    victims: list[subprocess.Popen[bytes]] = []

    def behaviour(request: Request, before: int) -> Response:
        if len(server.requests) == 6 and victims:
            victims[0].send_signal(signal.SIGKILL)
        return completion(f"{request.prompt}\n", usage={"prompt_tokens": 3, "completion_tokens": 2})

    with chat_server(behaviour) as server:
        arguments = ["generate", "--data", str(export), "--model", "m", "--endpoint", server.url, "--out", str(out)]
        arguments += ["--parallel", "1"]
        victims.append(subprocess.Popen([sys.executable, "-m", "llamoco_tune", *arguments], env=os.environ))
        assert victims[0].wait(timeout=60) == -signal.SIGKILL
        assert not out.exists()
        victims.clear()
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
    printed = capsys.readouterr()
    assert stopped.value.code == 0, printed.err
    rows = read_programs(out)
    assert len(rows) == 8
    assert all(row.program == row.completion == f"{prompts[row.instruction_id]}\n" for row in rows)
    # The sixth was being answered when the process died, so it is asked for twice.
    assert len(server.requests) == 9
    assert server.requests[5].prompt == server.requests[6].prompt
    assert all(request.key == f"Bearer {KEY}" for request in server.requests)
    assert KEY not in printed.out + printed.err
    assert not any(KEY.encode() in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
