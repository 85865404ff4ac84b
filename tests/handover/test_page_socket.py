"""Facts about errands that a running page does for commands: who is asked, who is believed, what is printed."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import qa.handover.page_socket
import qa.pipeline
from conftest import REPOSITORY, CountingEmbedder
from pages import serving
from qa.cli import main
from qa.config import Settings
from qa.domain import Turn
from qa.errors import InputError
from qa.handover.errand import Errand, run_errand
from qa.handover.page_socket import SOCKET_FILE, Counter, NoPage, hand_over, identity
from qa.indexing.run import index_corpus
from qa.models import Models
from qa.pipeline import Pipeline

DALIAN = "Kitakyushu sent 67 experts to Dalian."
QUESTION = "experts to Dalian Kitakyushu sent?"
ASK = Errand(kind="ask", text=QUESTION)
SEARCH = Errand(kind="search", text="experts", count=5)
HISTORY = (Turn("user", QUESTION), Turn("assistant", DALIAN))
NO_TIME = {"seconds": 0.0, "timings": {}}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "dalian.txt").write_text(DALIAN, encoding="utf-8")
    settings = Settings(
        corpus_dir=tmp_path / "corpus",
        index_dir=tmp_path / "index",
        cities_file=REPOSITORY / "corpus" / "cities.toml",
    )
    index_corpus(settings, CountingEmbedder())
    return settings


@pytest.fixture
def pipeline(settings: Settings) -> Pipeline:
    return Pipeline(settings, Models(CountingEmbedder()))


@pytest.fixture
def counter(settings: Settings, pipeline: Pipeline) -> Iterator[Counter]:
    counter = Counter(settings, lambda errand: run_errand(errand, pipeline))
    counter.open()
    yield counter
    counter.close(10)


def without_time(printed: str) -> Any:
    values = json.loads(printed)
    return {**values, **NO_TIME} if isinstance(values, dict) else values


@pytest.mark.parametrize(
    "errand",
    [
        ASK,
        SEARCH,
        Errand(kind="ask", text="And Davao?", history=HISTORY),
        Errand(kind="ask", text=QUESTION, cities=("Dalian",)),
        Errand(kind="ask", text="大連に何人の専門家を派遣しましたか？\u2028\n"),
        Errand(kind="search", text="experts", count=0),
    ],
)
def test_what_is_printed_is_the_same_to_the_byte(
    errand: Errand, counter: Counter, settings: Settings, pipeline: Pipeline
) -> None:
    assert hand_over(errand, settings) == run_errand(errand, pipeline)
    as_json = replace(errand, as_json=True)
    near, alone = hand_over(as_json, settings), run_errand(as_json, pipeline)
    assert without_time(near) == without_time(alone)
    assert near[:40] == alone[:40]


def test_an_errand_that_nobody_can_do_is_refused_in_the_same_words(
    counter: Counter, settings: Settings, pipeline: Pipeline
) -> None:
    errand = replace(ASK, cities=("Bangkok",))
    with pytest.raises(InputError) as alone:
        run_errand(errand, pipeline)
    with pytest.raises(InputError) as near:
        hand_over(errand, settings)
    assert str(near.value) == str(alone.value)


def test_the_newest_state_of_the_index_answers(counter: Counter, settings: Settings) -> None:
    (settings.corpus_dir / "davao.txt").write_text("Davao has 1,234 compost bins.", encoding="utf-8")
    index_corpus(settings, CountingEmbedder())
    assert "1,234" in hand_over(Errand(kind="search", text="compost bins", count=1), settings)


@pytest.fixture
def alone(settings: Settings, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """With what settings a command opened the index itself, in this process."""
    opened: list[Settings] = []

    def open_here(given: Settings) -> Pipeline:
        opened.append(given)
        return pipeline

    monkeypatch.setattr(qa.pipeline, "open_pipeline", open_here)
    for name in [name for name in os.environ if name.startswith("QA_")]:
        monkeypatch.delenv(name)
    return opened


def run(settings: Settings, *arguments: str) -> int:
    return main([*arguments, "--index", str(settings.index_dir)])


COMMANDS = [["ask", QUESTION], ["search", "experts"]]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_leaves_its_errand_to_a_running_page(
    command: list[str],
    counter: Counter,
    settings: Settings,
    alone: list[Settings],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(settings, *command) == 0
    near = capsys.readouterr()
    assert alone == []
    assert run(settings, *command, "--alone") == 0
    assert len(alone) == 1
    assert near == capsys.readouterr()
    assert DALIAN in near.out


def test_a_file_of_questions_goes_to_a_running_page_line_by_line(
    counter: Counter,
    settings: Settings,
    alone: list[Settings],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    questions = [{"id": 1, "question": QUESTION}, {"id": 2, "question": "x", "city": "Bangkok"}]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, questions)), encoding="utf-8")
    lines = []
    for more in ([], ["--alone"]):
        assert run(settings, "ask", "--batch", str(tmp_path / "in.jsonl"), *more) == 0
        lines.append([without_time(line) for line in capsys.readouterr().out.splitlines()])
        assert len(alone) == len(more)
    assert lines[0] == lines[1]
    assert [line["reason"] for line in lines[0]] == [None, "bad_input"]


def test_a_command_with_other_settings_asks_by_itself(
    counter: Counter, settings: Settings, alone: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QA_THRESHOLD", "0.9")
    assert run(settings, "ask", QUESTION) == 0
    assert [each.threshold for each in alone] == [0.9]


def test_settings_that_change_no_answer_do_not_keep_them_apart(settings: Settings) -> None:
    other = replace(settings, port=1, host="0.0.0.0", admin_key="k" * 12, corpus_dir=Path("x"))
    assert identity(other) == identity(settings)
    assert identity(replace(settings, llm="openai:x")) != identity(settings)
    assert identity(replace(settings, local_llm="x.gguf")) != identity(settings)


def test_a_language_model_s_file_is_the_same_from_wherever_it_is_named(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.gguf").touch()
    monkeypatch.chdir(tmp_path)
    near, far = (replace(settings, local_llm=str(path)) for path in (Path("x.gguf"), tmp_path / "x.gguf"))
    assert identity(near) == identity(far)


def test_an_index_that_was_moved_is_not_the_page_s_any_more(
    counter: Counter, settings: Settings, tmp_path: Path
) -> None:
    moved = replace(settings, index_dir=settings.index_dir.rename(tmp_path / "elsewhere"))
    index_corpus(settings, CountingEmbedder())
    with pytest.raises(NoPage):
        hand_over(ASK, moved)


def test_a_page_that_runs_another_version_of_the_program_is_not_asked(
    counter: Counter, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hand_over(ASK, settings)
    mine = identity(settings)
    monkeypatch.setattr(qa.handover.page_socket, "identity", lambda _: mine if is_page() else "another")
    with pytest.raises(NoPage):
        hand_over(ASK, settings)


def is_page() -> bool:
    return threading.current_thread().name == "errand"


def test_only_the_page_s_user_can_open_the_socket(counter: Counter, settings: Settings) -> None:
    mode = (settings.index_dir / SOCKET_FILE).stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.parametrize("end", [0, 1])
def test_another_user_is_not_believed(
    end: int, counter: Counter, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        qa.handover.page_socket, "_peer", lambda _: 4_000_000 if is_page() == bool(end) else os.geteuid()
    )
    with pytest.raises(NoPage):
        hand_over(ASK, settings)


@pytest.mark.parametrize("said", [b"", b"[]\n", b"nonsense\n", b'{"ready": true}\n', b'{"ready": 0}\n'])
def test_what_talks_differently_is_not_asked(
    said: bytes, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qa.handover.page_socket, "READY_S", 0.5)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(settings.index_dir / SOCKET_FILE))
        listener.listen()

        def talk() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(said)
                connection.recv(1000)

        talking = threading.Thread(target=talk)
        talking.start()
        with pytest.raises(NoPage):
            hand_over(ASK, settings)
        talking.join()


def test_a_page_that_stands_still_is_not_waited_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qa.handover.page_socket, "READY_S", 0.2)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(settings.index_dir / SOCKET_FILE))
        listener.listen()
        with pytest.raises(NoPage, match="timed out"):
            hand_over(ASK, settings)


@pytest.mark.parametrize("line", [b"nonsense\n", b"[]\n", b'{"identity": 1}\n', b'{"identity": "x"}\n', b""])
def test_the_page_goes_on_after_a_command_that_talks_nonsense(
    line: bytes, counter: Counter, settings: Settings
) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(settings.index_dir / SOCKET_FILE))
        connection.sendall(line)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""
    assert DALIAN in hand_over(ASK, settings)


def test_an_errand_that_fails_within_is_left_to_the_command(settings: Settings) -> None:
    def fail(errand: Errand) -> str:
        raise OSError("/secret/path")

    counter = Counter(settings, fail)
    counter.open()
    with pytest.raises(NoPage, match="OSError"):
        hand_over(ASK, settings)
    counter.close(1)


def test_a_folder_with_a_long_name_can_hold_the_socket(settings: Settings, tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 30) / "index"
    deep.parent.mkdir()
    long = replace(settings, index_dir=settings.index_dir.rename(deep))
    counter = Counter(long, lambda errand: errand.text)
    counter.open()
    assert hand_over(ASK, long) == QUESTION
    counter.close(1)
    assert not (deep / SOCKET_FILE).exists()


def test_a_socket_that_a_killed_page_left_does_no_harm(settings: Settings) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(settings.index_dir / SOCKET_FILE))
    with pytest.raises(NoPage, match="refused"):
        hand_over(ASK, settings)
    counter = Counter(settings, lambda errand: errand.text)
    counter.open()
    assert hand_over(ASK, settings) == QUESTION
    counter.close(1)


def test_of_two_pages_the_newer_is_asked_and_keeps_its_socket(settings: Settings) -> None:
    older, newer = (Counter(settings, lambda errand, n=name: n) for name in ("older", "newer"))  # type: ignore[misc]
    older.open()
    newer.open()
    older.close(1)
    assert hand_over(ASK, settings) == "newer"
    newer.close(1)
    with pytest.raises(NoPage):
        hand_over(ASK, settings)


def test_closing_finishes_what_was_begun(settings: Settings) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work(errand: Errand) -> str:
        begun.set()
        go_on.wait(10)
        return "done"

    counter = Counter(settings, work)
    counter.open()
    printed: list[str] = []
    asking = threading.Thread(target=lambda: printed.append(hand_over(ASK, settings)))
    asking.start()
    begun.wait(10)
    threading.Timer(0.2, go_on.set).start()
    counter.close(10)
    asking.join(10)
    assert printed == ["done"]


def test_closing_does_not_wait_for_ever(settings: Settings) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work(errand: Errand) -> str:
        begun.set()
        return str(go_on.wait(30))

    counter = Counter(settings, work)
    counter.open()
    asking = threading.Thread(target=lambda: hand_over(ASK, settings))
    asking.start()
    begun.wait(10)
    start = time.monotonic()
    counter.close(0.2)
    assert time.monotonic() - start < 10
    go_on.set()
    asking.join(10)


LIGHT = """
import sys
from qa.cli import main
status = main({arguments!r})
heavy = {{name.split(".")[0] for name in sys.modules}} & set({heavy!r})
sys.exit(f"loaded: {{sorted(heavy)}}" if heavy else status)
"""
HEAVY = (
    *(
        "torch",
        "transformers",
        "sentence_transformers",
        "chromadb",
        "onnxruntime",
        "gradio",
        "langchain_core",
    ),
    *(
        "langchain",
        "numpy",
        "scipy",
        "sklearn",
        "pandas",
        "trafilatura",
        "lxml",
        "pydantic",
        "httpx",
        "httpcore",
    ),
    *("tokenizers", "safetensors", "bm25s", "starlette", "huggingface_hub", "pypdfium2", "rapidfuzz"),
)


def run_light(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, which fails if it loads a heavy library."""
    code = LIGHT.format(arguments=arguments, heavy=HEAVY)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_whose_errand_is_done_loads_no_heavy_library(
    command: list[str], counter: Counter, settings: Settings
) -> None:
    ended = run_light(settings, *command, "--index", str(settings.index_dir))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert DALIAN in ended.stdout


@pytest.mark.model
@pytest.mark.server
@pytest.mark.slow
def test_the_program_answers_beside_the_page_and_alone_once_the_page_was_killed(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        settings = Settings(index_dir=server.index)
        command = ["ask", "When did Phnom Penh become a sister city?", "--index", str(server.index)]
        near = run_light(settings, *command)
        assert (near.returncode, near.stderr) == (0, "")
        assert "March 2016" in near.stdout
        server.process.kill()
        server.process.wait()
        assert (server.index / SOCKET_FILE).is_socket()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
        alone = subprocess.run(
            [sys.executable, "-m", "qa.cli", *command],
            capture_output=True,
            text=True,
            timeout=300,
            env=environment,
        )
    assert alone.stdout == near.stdout
