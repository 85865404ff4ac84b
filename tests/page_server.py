"""The page as its tests share it: a server over one hostile document more, a visitor, and calls of programs."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from pages import KEY, Server, call_function, open_page, serving

expect.set_options(timeout=20_000)  # the machines are shared
HOSTILE = {
    "zebra <b>.txt": """<script>window.hacked=1</script> Zebra pump station

The zebra pump <img src=x onerror="window.hacked=1"> ${window.hacked=1} {{window.hacked}} was built in 1975.
"""
}
"""A document, by its name, that tries to run scripts of its own."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("page"), more=HOSTILE) as running:
        yield running


@pytest.fixture
def context(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    """A visitor's browser; at the end no request went to another host, and no script failed or ran wild."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    requests: list[str] = []
    failures: list[str] = []
    context.on("request", lambda request: requests.append(request.url))
    context.on("weberror", lambda error: failures.append(str(error.error)))
    yield context
    hacked = [page.evaluate("window.hacked") for page in context.pages]
    context.close()
    hosts = {urlsplit(url).netloc for url in requests if not url.startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(server.address).netloc}
    assert failures == []
    assert set(hacked) == {None}


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Page:
    return open_page(context.new_page(), server.address)


def staff_of(server: Server, key: str = KEY) -> dict[str, str]:
    """Headers of the page as somebody has it open who gave `key`."""
    origin = {"Origin": server.address.rstrip("/")}
    sent = {**origin, "Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.address}session", json.dumps({"key": key}).encode(), sent)
    with urllib.request.urlopen(request, timeout=30) as response:
        return {**origin, "Cookie": response.headers["set-cookie"].partition(";")[0]}


def call_reindex(server: Server, *, files: object = None) -> str:
    """What the reindex endpoint answers to staff."""
    return call_endpoint(server, "reindex", [files, "", "en"], headers=staff_of(server))


def call_endpoint(
    server: Server, name: str, data: list[object], *, headers: Mapping[str, str] = MappingProxyType({})
) -> str:
    """What an endpoint of the page answers to a program that calls it as the page does."""
    return call_function(server.address, name, data, headers=headers)
