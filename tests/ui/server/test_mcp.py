"""Facts about who may call the tools; tests/ui/server/test_programs.py calls them."""

from __future__ import annotations

import sys

import pytest

from qa.cli import main
from qa.errors import ConfigError
from qa.ui.server.mcp import may_call, name_sender, require_mcp

HERE = {"host": "127.0.0.1:7860"}
THERE = {"host": "qa.example.org"}


@pytest.mark.parametrize(
    ("headers", "host"),
    [
        pytest.param(HERE, "127.0.0.1", id="a program here"),
        pytest.param({"host": "localhost:7860"}, "::1", id="a program here by name"),
        pytest.param(HERE | {"origin": "http://127.0.0.1:7860"}, "127.0.0.1", id="the page itself, here"),
        pytest.param(THERE, "203.0.113.5", id="a program elsewhere"),
        pytest.param(THERE | {"x-forwarded-for": "203.0.113.5"}, "127.0.0.1", id="a program by a proxy"),
    ],
)
def test_programs_may_call_the_tools(headers: dict[str, str], host: str) -> None:
    assert may_call(headers, host)


@pytest.mark.parametrize(
    ("headers", "host"),
    [
        pytest.param(HERE | {"origin": "https://evil.example"}, "127.0.0.1", id="a page"),
        pytest.param(HERE | {"origin": "null"}, "127.0.0.1", id="a page that hides"),
        pytest.param({"host": "evil.example:7860"}, "127.0.0.1", id="a name made to lead here"),
        pytest.param(
            {"host": "evil.example", "origin": "http://evil.example"}, "127.0.0.1", id="a page by such a name"
        ),
        pytest.param(
            {"host": "evil.example", "origin": "http://evil.example", "x-forwarded-for": "1.2.3.4"},
            "127.0.0.1",
            id="a page that plays a proxy",
        ),
        pytest.param(THERE | {"origin": "https://evil.example"}, "203.0.113.5", id="a page elsewhere"),
        pytest.param(
            THERE | {"origin": "https://qa.example.org"}, "203.0.113.5", id="a page by its own name"
        ),
        pytest.param(THERE | {"origin": "https://qa.example.org"}, None, id="a page from nobody knows where"),
    ],
)
def test_web_pages_may_not(headers: dict[str, str], host: str | None) -> None:
    assert not may_call(headers, host)


@pytest.mark.parametrize("claimed", [[], [b"198.51.100.1"], [b"198.51.100.1", b"198.51.100.2"]])
def test_within_the_machine_a_call_names_its_sender_and_nobody_else(claimed: list[bytes]) -> None:
    headers = [(b"accept", b"*/*"), *((b"X-Forwarded-For", name) for name in claimed)]
    scope = {"client": ("203.0.113.5", 1), "headers": headers}
    assert name_sender(scope)["headers"] == [(b"accept", b"*/*"), (b"x-forwarded-for", b"203.0.113.5")]
    assert scope["headers"] == headers


def test_the_package_for_mcp_that_is_there_will_do() -> None:
    require_mcp()


@pytest.mark.parametrize("module", ["mcp", "mcp.server.streamable_http_manager"])
def test_a_package_that_is_missing_or_another_version_is_an_error_that_names_the_command(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    if module == "mcp":
        for name in [name for name in sys.modules if name.startswith("mcp.")]:
            monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ConfigError, match=r"pip install '\.\[mcp\]'"):
        require_mcp()


def test_the_command_says_so_before_it_loads_anything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server.streamable_http_manager", None)
    assert main(["serve", "--mcp"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("qa: MCP needs a package")
    assert said.err.count("\n") == 1
