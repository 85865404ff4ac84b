"""Facts about each provider whose integration is an extra: what was set arrives at its server."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from conftest import REPOSITORY
from qa.config import Settings, load_settings
from qa.errors import LLMError
from qa.llm.language_model import EXTRAS, _kind_of, open_language_model
from qa.llm.wire import BASE_BYTES, BYTES_PER_TOKEN, bound_responses

ENOUGH_BYTES = 64 * 1024 * 1024
"""A server that sends a line without an end stops here, whatever its client does."""

MESSAGES = [SystemMessage("The rules."), HumanMessage("Hello")]

REPLIES = {
    "openai": 'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,'
    '"delta":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
    "anthropic": 'event: message_start\ndata: {"type":"message_start","message":{"id":"1","type":"message","role":'
    '"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":1,"output_tokens":1}}}\n\n'
    'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text",'
    '"text":""}}\n\nevent: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":'
    '"text_delta","text":"Hello."}}\n\nevent: content_block_stop\ndata: {"type":"content_block_stop","index":0}'
    '\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n',
    "ollama": '{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"Hello."},'
    '"done":false}\n{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":""},'
    '"done":true,"done_reason":"stop"}\n',
    "google_genai": 'data: {"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"Hello."}]},'
    '"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"totalTokenCount":2}}\n\n',
}
"""The reply "Hello." as each provider streams it."""


ENVIRONMENTS = {
    "Ollama": ("ChatOllama", {"QA_LLM": "ollama:llama3.2"}),
    "Ollama elsewhere": (
        "ChatOllama", {"QA_LLM": "ollama:llama3.2", "QA_LLM_BASE_URL": "http://192.0.2.1:11434"}
    ),
    "vLLM": (
        "ChatOpenAI",
        {"QA_LLM": "openai:Qwen/Qwen3-4B-Instruct-2507", "QA_LLM_BASE_URL": "http://127.0.0.1:8000/v1"},
    ),
    "llama.cpp": ("ChatOpenAI", {"QA_LLM": "openai:any", "QA_LLM_BASE_URL": "http://127.0.0.1:8080/v1"}),
    "LM Studio": (
        "ChatOpenAI", {"QA_LLM": "openai:qwen3-4b", "QA_LLM_BASE_URL": "http://127.0.0.1:1234/v1"}
    ),
    "OpenAI": ("ChatOpenAI", {"QA_LLM": "openai:gpt-4o-mini", "OPENAI_API_KEY": "sk-secret"}),
    "OpenAI by our key": ("ChatOpenAI", {"QA_LLM": "openai:gpt-4o-mini", "QA_LLM_API_KEY": "sk-secret"}),
    "Anthropic": (
        "ChatAnthropic", {"QA_LLM": "anthropic:claude-haiku-4-5", "ANTHROPIC_API_KEY": "sk-secret"}
    ),
    "Gemini": (
        "ChatGoogleGenerativeAI", {"QA_LLM": "google_genai:gemini-2.5-flash", "GOOGLE_API_KEY": "sk-secret"}
    ),
}  # fmt: skip
"""What is set for each server and provider, as the documentation says it, and the client that this opens."""


@dataclass
class FakeServer:
    """A server that answers every request with `status` and `reply`, after `wait_s`, said to be `packed`; if it
    `is_endless`, it goes on with a line that never ends. `sent` counts the bytes of that."""

    address: str
    status: int = 200
    reply: str = ""
    wait_s: float = 0.0
    packed: str = ""
    is_endless: bool = False
    sent: int = 0
    requests: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fake.requests.append(
                (self.path, {key.lower(): value for key, value in self.headers.items()}, body)
            )
            time.sleep(fake.wait_s)
            data = fake.reply.encode()
            kind = "application/x-ndjson" if self.path == "/api/chat" else "text/event-stream"
            self.send_response(fake.status)
            self.send_header("Content-Type", kind if fake.status == 200 else "application/json")
            if fake.packed:
                self.send_header("Content-Encoding", fake.packed)
            if not fake.is_endless:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # of a client that has given up
                self.wfile.write(data)
                while fake.is_endless and fake.sent < ENOUGH_BYTES:
                    fake.sent += self.wfile.write(b"data: " if fake.sent == 0 else bytes(65536))

        def log_message(self, *_: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake = FakeServer(f"http://127.0.0.1:{listening.server_port}")
    threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
    yield fake
    listening.shutdown()
    listening.server_close()


def settings_for(provider: str, server: FakeServer) -> Settings:
    base_url = f"{server.address}/v1" if provider == "openai" else server.address
    return Settings(
        llm=f"{provider}:some-model",
        llm_base_url=base_url,
        llm_api_key="sk-secret",
        llm_temperature=0.25,
        llm_max_tokens=77,
        llm_context_tokens=2048,
        llm_timeout_s=20,
    )


def values_of(table: Any) -> list[Any]:
    """Every value in `table`, at whatever depth."""
    if isinstance(table, dict):
        return [value for each in table.values() for value in values_of(each)]
    return [value for each in table for value in values_of(each)] if isinstance(table, list) else [table]


def test_the_extras_are_those_that_the_package_has() -> None:
    table = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = table["optional-dependencies"]

    assert set(EXTRAS) == set(REPLIES)
    for provider in EXTRAS:
        assert [name.split(">")[0] for name in extras[provider]] == [
            f"langchain-{provider.replace('_', '-')}"
        ]
        assert extras[provider][0] in extras["test"]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_variables_for_each_server_open_its_client(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kind, environment = ENVIRONMENTS[name]
    monkeypatch.chdir(tmp_path)
    for variable in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)

    model = open_language_model(load_settings())

    assert model is not None
    assert type(model._chat).__name__ == kind


@pytest.mark.parametrize("provider", EXTRAS)
def test_what_is_set_arrives_and_the_reply_comes_back(provider: str, server: FakeServer) -> None:
    server.reply = REPLIES[provider]
    model = open_language_model(settings_for(provider, server))

    assert model is not None
    assert model.ask(MESSAGES) == "Hello."
    ((path, headers, body),) = server.requests
    sent = values_of(body)
    assert 0.25 in sent
    assert 77 in sent
    assert "some-model" in (path if provider == "google_genai" else body["model"])
    assert any("sk-secret" in value for value in headers.values())
    assert "sk-secret" not in json.dumps(body)
    assert {"The rules.", "Hello"} <= set(sent)
    if provider == "ollama":
        assert body["options"]["num_ctx"] == 2048


@pytest.mark.parametrize("provider", EXTRAS)
@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, "wrong_key"), (429, "rate_limit"), (503, "unreachable"), (504, "timeout"), (404, "failed")],
)
def test_each_answer_of_the_server_has_its_kind_and_the_client_does_not_try_again(
    provider: str, server: FakeServer, status: int, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.llm.language_model.ATTEMPTS", 1)
    server.status, server.reply = status, json.dumps({"error": {"message": "no sk-secret", "code": status}})
    model = open_language_model(settings_for(provider, server))

    assert model is not None
    with pytest.raises(LLMError) as raised:
        model.ask(MESSAGES)
    assert raised.value.kind == kind
    assert "sk-secret" not in str(raised.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize("provider", EXTRAS)
def test_the_client_gives_up_by_itself_so_that_no_thread_hangs(provider: str, server: FakeServer) -> None:
    server.wait_s = 10
    model = open_language_model(dataclasses.replace(settings_for(provider, server), llm_timeout_s=1))
    start = time.monotonic()

    assert model is not None
    with pytest.raises(Exception) as raised:
        list(model._chat.stream(MESSAGES))
    assert _kind_of(raised.value) == "timeout"
    assert time.monotonic() - start < 9


@pytest.mark.parametrize("provider", EXTRAS)
@pytest.mark.parametrize("status", [200, 500])
def test_a_line_that_never_ends_is_cut_off_at_a_size(
    provider: str, status: int, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.llm.language_model.ATTEMPTS", 1)
    server.status, server.is_endless = status, True
    settings = settings_for(provider, server)
    model = open_language_model(settings)

    assert model is not None
    with pytest.raises(LLMError) as raised:
        model.ask(MESSAGES)
    assert raised.value.kind in ("endless", *(("unreachable",) if status == 500 else ()))
    limit = BASE_BYTES + settings.llm_max_tokens * BYTES_PER_TOKEN
    assert server.sent < limit + 8 * 1024 * 1024  # what the sockets hold


@pytest.mark.parametrize("provider", EXTRAS)
def test_a_reply_that_is_packed_is_not_unpacked(provider: str, server: FakeServer) -> None:
    server.reply, server.packed = REPLIES[provider], "gzip"
    model = open_language_model(settings_for(provider, server))

    assert model is not None
    with pytest.raises(LLMError, match=r"broke off|packs its reply|cannot be reached"):
        model.ask(MESSAGES)
    assert server.requests[0][1]["accept-encoding"] == "identity"


def test_of_a_client_that_is_not_known_the_log_says_that_only_time_limits_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bound_responses(object(), "another", max_tokens=77)
    bound_responses(object(), "openai", max_tokens=77)

    assert caplog.text.count("only the time is limited, not the size") == 2
