"""Facts about an index on a server: several processes over one, and the server going away and coming back."""

from __future__ import annotations

import dataclasses
import http.server
import json
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from conftest import CountingEmbedder
from index_states import assert_everything_is_retrievable, committed
from qa.cli import main
from qa.config import Settings, load_settings
from qa.errors import ConfigError, IndexDamaged, IndexMismatch, StoreUnreachable
from qa.i18n.reasons import in_language
from qa.indexing.run import index_corpus
from qa.models import Models
from qa.pipeline import Pipeline
from qa.storage.store import BUILDS_FOLDER, open_store, remove_builds
from qa.ui.conversation.conversation import Conversation, hold_exchange
from stores import EACH_SERVER, KINDS, ChromaServer, PostgresServer, Server, running, setting_of

pytestmark = pytest.mark.server

PROCESSES = 3
AGREE_S = 2.0

ASKER = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from conftest import CountingEmbedder
from qa.config import Settings
from qa.models import Models
from qa.pipeline import Pipeline
table = {name: Path(value) if name.endswith("_dir") else value for name, value in json.loads(sys.argv[2]).items()}
settings = Settings(**table, threshold=0.0, reranker="none", reader="none")
pipeline = Pipeline(settings, Models(CountingEmbedder()))
while True:
    said = pipeline.ask("what is the code of the harbour").statements[0].text
    print(json.dumps([time.time(), said]), flush=True)
    time.sleep(0.05)
"""
"""Asks the same again and again, and says when it was told what."""


@pytest.fixture(params=EACH_SERVER)
def own_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of the test's own, which it may stop."""
    with running(KINDS[request.param]) as server:
        yield server


@pytest.fixture
def index_on(settings: Settings, embedder: CountingEmbedder) -> Callable[[Server], Settings]:
    def build(server: Server) -> Settings:
        own = dataclasses.replace(settings, threshold=0.0, **setting_of(server))
        write_code(own, "alpha")
        index_corpus(own, embedder)
        return own

    return build


def write_code(settings: Settings, code: str) -> None:
    text = f"# Harbour\n\nThe code of the harbour is {code}.\n"
    (settings.corpus_dir / "harbour.md").write_text(text, encoding="utf-8")


def name_of(server: Server) -> str:
    """How the server is named to people: without its password."""
    return (
        server.url if isinstance(server, ChromaServer) else f"postgresql://127.0.0.1:{server.port}/postgres"
    )


@contextmanager
def asking(settings: Settings, log: Path) -> Iterator[None]:
    table = {
        "index_dir": str(settings.index_dir),
        "chroma_url": settings.chroma_url,
        "postgres_url": settings.postgres_url,
    }
    command = [sys.executable, "-c", ASKER, str(Path(__file__).parents[1]), json.dumps(table)]
    with log.open("w") as stream, subprocess.Popen(command, stdout=stream, text=True) as process:
        try:
            yield
            assert process.poll() is None, "the asker has ended"
        finally:
            process.kill()


def said(log: Path) -> list[tuple[float, str]]:
    return [tuple(json.loads(line)) for line in log.read_text().splitlines() if line.endswith("]")]


def wait_for(*conditions: Callable[[], bool], limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while not all(condition() for condition in conditions):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("server", EACH_SERVER, indirect=True)
def test_processes_over_one_server_agree_within_two_seconds_after_a_change(
    server: Server, index_on: Callable[[Server], Settings], embedder: CountingEmbedder, tmp_path: Path
) -> None:
    settings = index_on(server)
    logs = [tmp_path / f"{number}.jsonl" for number in range(PROCESSES)]
    with ExitStack() as stack:
        for log in logs:
            stack.enter_context(asking(settings, log))
        wait_for(*(lambda log=log: bool(said(log)) for log in logs), limit_s=120)
        assert {words for log in logs for _, words in said(log)} == {"The code of the harbour is alpha."}
        write_code(settings, "beta")
        index_corpus(settings, embedder)
        changed = time.time()
        time.sleep(AGREE_S + 1)
        late = [words for log in logs for at, words in said(log) if at > changed + AGREE_S]
    assert len(late) > PROCESSES
    assert set(late) == {"The code of the harbour is beta."}


def test_while_the_server_is_away_it_is_named_and_afterwards_answers_come_by_themselves(
    own_server: Server, index_on: Callable[[Server], Settings], caplog: pytest.LogCaptureFixture
) -> None:
    settings = index_on(own_server)
    pipeline = Pipeline(settings, Models(CountingEmbedder()))
    before = pipeline.ask("what is the code of the harbour")
    assert before.statements[0].text == "The code of the harbour is alpha."
    own_server.stop()
    for _ in range(2):
        with pytest.raises(StoreUnreachable, match=f"{name_of(own_server)}.* does not answer; start it"):
            pipeline.ask("what is the code of the harbour")
    assert pipeline.library.covered_cities == ()  # what needs no vectors goes on
    caplog.set_level(logging.ERROR)
    for language in ("en", "ja"):
        (shown,) = (
            each
            for each in hold_exchange(
                pipeline,
                "what is the code of the harbour",
                conversation=Conversation(),
                cities=(),
                language=language,
            )
            if hasattr(each, "message")
        )
        with pytest.raises(StoreUnreachable) as raised:
            pipeline.ask("what is the code of the harbour")
        assert in_language(raised.value.message, language).split(name_of(own_server))[1][:20] in shown.message
        assert name_of(own_server) in shown.message
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    own_server.start()
    after = pipeline.ask("what is the code of the harbour")
    assert after.statements == before.statements


def test_a_change_while_the_server_was_away_is_seen_when_it_is_back(
    own_server: Server, index_on: Callable[[Server], Settings], embedder: CountingEmbedder
) -> None:
    settings = index_on(own_server)
    pipeline = Pipeline(settings, Models(CountingEmbedder()))
    write_code(settings, "beta")
    index_corpus(settings, embedder)
    own_server.stop()
    assert pipeline.library.catalogue.partners  # the page can be opened, though the new state cannot
    with pytest.raises(StoreUnreachable):
        pipeline.ask("what is the code of the harbour")
    write_code(settings, "gamma")
    with pytest.raises(StoreUnreachable):
        index_corpus(settings, embedder)
    own_server.start()
    said = pipeline.ask("what is the code of the harbour").statements[0].text
    assert said == "The code of the harbour is beta."
    index_corpus(settings, embedder)
    said = pipeline.ask("what is the code of the harbour").statements[0].text
    assert said == "The code of the harbour is gamma."
    assert_everything_is_retrievable(settings, embedder)


def test_the_commands_say_in_one_line_which_server_is_away(
    own_server: Server,
    index_on: Callable[[Server], Settings],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = index_on(own_server)
    own_server.stop()
    for name, value in setting_of(own_server).items():
        monkeypatch.setenv(f"QA_{name.upper()}", value)
    models = Models(CountingEmbedder())
    monkeypatch.setattr("qa.models.load_models", lambda settings: models)
    monkeypatch.setattr("qa.models.load_embedder", lambda settings: models.embedder)
    for words in (
        ["ask", "what is the code"],
        ["search", "code"],
        ["index", "--corpus", str(settings.corpus_dir)],
    ):
        assert main([*words, "--index", str(settings.index_dir)]) == 1
        said = capsys.readouterr()
        (line,) = [line for line in said.err.splitlines() if line.startswith("qa:")]
        assert f"the server at {name_of(own_server)}" in line
        assert "does not answer; start it" in line
        assert PostgresServer.PASSWORD not in said.err + said.out


def test_a_server_that_stands_still_is_not_waited_for_without_end(
    own_server: Server, index_on: Callable[[Server], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = index_on(own_server)
    monkeypatch.setattr("qa.storage.store.chroma_places.CONNECT_TIMEOUT_S", 0.5)
    monkeypatch.setattr("qa.storage.store.postgres_place.CONNECT_TIMEOUT_S", 2)
    assert own_server.process
    fresh = dataclasses.replace(settings, **other_name(own_server))
    own_server.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(StoreUnreachable):
            open_store(fresh, build=committed(settings).build, fingerprint="f", create=False)
    finally:
        own_server.process.send_signal(signal.SIGCONT)


def other_name(server: Server) -> dict[str, Any]:
    """The server by another name, by which this process has no connection to it yet."""
    return {name: url.replace("127.0.0.1", "localhost") for name, url in setting_of(server).items()}


@pytest.mark.parametrize("server", EACH_SERVER, indirect=True)
def test_an_index_that_moves_to_a_server_is_made_anew_there_and_back_again(
    server: Server, settings: Settings, embedder: CountingEmbedder
) -> None:
    write_code(settings, "alpha")
    index_corpus(settings, embedder)
    there = dataclasses.replace(settings, **setting_of(server))
    with pytest.raises(
        IndexDamaged, match=f"{name_of(server)}.* is not there; bring it back, or build it anew"
    ):
        Pipeline(there, Models(embedder))
    report = index_corpus(there, embedder)
    assert "all were made anew" in report.notes[0]
    assert_everything_is_retrievable(there, embedder)
    assert committed(there).build in server.builds()
    index_corpus(settings, embedder)
    assert_everything_is_retrievable(settings, embedder)


@pytest.mark.parametrize("server", EACH_SERVER, indirect=True)
def test_the_same_passages_are_found_whichever_store_they_are_in(
    server: Server, settings: Settings, embedder: CountingEmbedder, tmp_path: Path
) -> None:
    for number, city in enumerate(("Dalian", "Davao", "Surabaya", "Hai Phong") * 3):
        text = (
            f"# {city} {number}\n\nThe plan of {city} has {number} parts.\n\n## Waste\n\nWaste is sorted.\n"
        )
        (settings.corpus_dir / f"{number}.md").write_text(text, encoding="utf-8")
    there = dataclasses.replace(settings, index_dir=tmp_path / "there", **setting_of(server))
    pipelines = []
    for each in (settings, there):
        index_corpus(each, embedder)
        pipelines.append(Pipeline(each, Models(embedder)))
    here, far = pipelines
    for question in ("what is the plan of Davao", "how many parts has the plan", "waste", "harbour"):
        expected, found = here.search(question), far.search(question)
        assert [passage.chunk for passage in found] == [passage.chunk for passage in expected]
        assert [passage.fused_score for passage in found] == pytest.approx(
            [passage.fused_score for passage in expected], abs=1e-5
        )
        assert far.ask(question).statements == here.ask(question).statements
    assert far.library.covered_cities == here.library.covered_cities
    assert far.library.events == here.library.events
    assert far.library.coverage == here.library.coverage


@pytest.mark.parametrize("server", EACH_SERVER, indirect=True)
def test_a_server_that_has_lost_a_build_gets_it_anew(
    server: Server, index_on: Callable[[Server], Settings], embedder: CountingEmbedder
) -> None:
    settings = index_on(server)
    lost = committed(settings).build
    remove_builds(settings, keep=())
    report = index_corpus(settings, embedder)
    assert "all were made anew" in report.notes[0]
    assert committed(settings).build != lost
    assert_everything_is_retrievable(settings, embedder)


@pytest.mark.parametrize("server", EACH_SERVER, indirect=True)
def test_what_a_run_that_was_cut_off_left_on_the_server_is_removed(
    server: Server, index_on: Callable[[Server], Settings], embedder: CountingEmbedder
) -> None:
    settings = index_on(server)
    open_store(settings, build="cutoff000000", fingerprint="f")
    assert "cutoff000000" in server.builds()
    index_corpus(settings, embedder)
    assert "cutoff000000" not in server.builds() >= {committed(settings).build}
    assert [path.name for path in (settings.index_dir / BUILDS_FOLDER).iterdir()] == [
        committed(settings).build
    ]


@pytest.mark.parametrize("server", EACH_SERVER, indirect=True)
def test_a_build_with_other_settings_is_refused_on_a_server_too(
    server: Server, index_on: Callable[[Server], Settings]
) -> None:
    settings = index_on(server)
    with pytest.raises(IndexMismatch, match="qa index --rebuild"):
        open_store(settings, build=committed(settings).build, fingerprint="other", create=False)


class Doorkeeper(http.server.BaseHTTPRequestHandler):
    """What stands before a Chroma server, and lets nobody in."""

    seen: list[dict[str, str]]

    def do_GET(self) -> None:
        self.seen.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(401)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Nothing."""


def test_the_token_is_sent_and_never_shown_and_where_it_is_refused_the_setting_is_named(
    tmp_path: Path,
) -> None:
    Doorkeeper.seen = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Doorkeeper) as doorkeeper:
        threading.Thread(target=doorkeeper.serve_forever).start()
        settings = Settings(
            index_dir=tmp_path,
            chroma_url=f"http://127.0.0.1:{doorkeeper.server_port}",
            chroma_token="s3cret",
        )
        with pytest.raises(
            StoreUnreachable, match="does not let this program in; check chroma_token"
        ) as raised:
            open_store(settings, build="b", fingerprint="f", create=False)
        doorkeeper.shutdown()
    assert Doorkeeper.seen[0]["authorization"] == "Bearer s3cret"
    assert Doorkeeper.seen[0]["x-chroma-token"] == "s3cret"
    assert "s3cret" not in str(raised.value) + repr(settings)


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", "http://", "http://me:word@host:8000", "ftp://host", "http://host?x=1"]
)
def test_what_is_no_address_of_a_server_is_refused_by_name(url: str) -> None:
    with pytest.raises(ConfigError, match="chroma_url is no address") as raised:
        load_settings(environ={"QA_CHROMA_URL": url})
    assert "word" not in str(raised.value)
