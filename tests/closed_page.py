"""A real page in this process, served over loopback by a small embedder: for tests of who may do what."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import gradio as gr
import httpx

from conftest import REPOSITORY, CountingEmbedder
from qa.config import Settings
from qa.models import Models
from qa.pipeline import Pipeline
from qa.ui.access.permissions import Access
from qa.ui.access.wrong_keys import WrongKeys
from qa.ui.page import build_page
from qa.ui.queue.waiting import take_turns
from qa.ui.server.serving import add_routes, open_server
from qa.ui.server.stopping import DoorWatcher
from qa.ui.server.watching import Watch

NONE: Mapping[str, str] = MappingProxyType({})
DALIAN = "Kitakyushu sent 67 experts to Dalian."


@dataclass
class ClosedPage:
    """The page's address and what it is made of; `now` is the time that sessions go by, in seconds."""

    address: str = ""
    settings: Settings = field(default_factory=Settings)
    now: float = 1_000_000.0
    waited: list[float] = field(default_factory=list)
    access: Access = field(init=False)
    functions: dict[str, int] = field(default_factory=dict)
    """The page's functions by name."""

    @property
    def own(self) -> dict[str, str]:
        """What a browser says of where a request of the page comes from."""
        return {"origin": self.address.rstrip("/")}

    def log_in(self, key: str, **headers: str) -> httpx.Response:
        """What is answered to somebody who gives `key` on the page."""
        return self.post("session", json={"key": key}, headers={**self.own, **headers})

    def session_of(self, key: str) -> dict[str, str]:
        """Headers of the page as whoever gave `key` has it open."""
        answer = self.log_in(key).raise_for_status()
        return {**self.own, "cookie": answer.headers["set-cookie"].partition(";")[0]}

    def post(self, path: str, **sent: Any) -> httpx.Response:
        return httpx.post(f"{self.address}{path}", timeout=60, **sent)

    def get(self, path: str = "", **headers: str) -> httpx.Response:
        return httpx.get(f"{self.address}{path}", headers=headers, timeout=60)

    def call(self, name: str, data: list[object], headers: Mapping[str, str] = NONE) -> str:
        """What a function answers, called as the page does it: its values one below the other."""
        joined = self.join(name, data, headers).raise_for_status()
        session = json.loads(joined.request.content)["session_hash"]
        stream = self.get(f"gradio_api/queue/data?session_hash={session}", **headers).raise_for_status().text
        messages = [json.loads(told) for told in re.findall(r"^data: (.*)$", stream, re.MULTILINE)]
        (output,) = (each["output"] for each in messages if each["msg"] == "process_completed")
        return "\n".join(map(str, output.get("data", [output.get("error")])))

    def join(self, name: str, data: list[object], headers: Mapping[str, str] = NONE) -> httpx.Response:
        """What is answered at once to who calls a function of the page."""
        body = {"data": data, "fn_index": self.functions[name], "session_hash": secrets.token_hex(5)}
        return self.post("gradio_api/queue/join", json=body, headers=headers)

    def upload(self, headers: Mapping[str, str] = NONE) -> int:
        """The status with which an upload is answered."""
        return self.post("gradio_api/upload", files={"files": ("x.txt", b"x")}, headers=headers).status_code


@contextmanager
def serving_closed(folder: Path, *, mcp: bool = False, **settings: Any) -> Iterator[ClosedPage]:
    """The page over one document, with these `settings`. Nobody waits for a wrong key: it is noted how long."""
    (folder / "corpus").mkdir()
    (folder / "corpus" / "dalian.txt").write_text(DALIAN, encoding="utf-8")
    page = ClosedPage(
        settings=Settings(
            corpus_dir=folder / "corpus",
            index_dir=folder / "index",
            cities_file=REPOSITORY / "corpus" / "cities.toml",
            port=0,
            **settings,
        )
    )
    pipeline = Pipeline.build(page.settings, Models(CountingEmbedder()))
    page.access = Access(page.settings, clock=lambda: page.now)
    page.access.wrong_keys = WrongKeys(clock=lambda: page.now, sleep=_noting(page.waited))
    door = DoorWatcher()

    async def launch() -> tuple[gr.Blocks, Any, str]:
        blocks = build_page(pipeline, access=page.access)
        queue = take_turns(blocks, page.settings)
        return blocks, *open_server(blocks, pipeline, page.access, queue, door, mcp=mcp)

    # Without a loop Gradio makes one for each lock, and closes none. Playwright has one in this thread.
    with ThreadPoolExecutor(max_workers=1) as thread:
        blocks, app, page.address = thread.submit(lambda: asyncio.run(launch())).result()
    page.functions = {str(each.api_name): number for number, each in blocks.fns.items()}
    watch = Watch(pipeline, count_waiting=lambda: 0, wrong_keys=page.access.wrong_keys)
    add_routes(app, pipeline, door, watch)
    try:
        yield page
    finally:
        blocks.close(verbose=False)


PANDAS = "ignore::pandas.errors.Pandas4Warning"
"""What Gradio's own figures of its queue make pandas say, each time."""


def _noting(waited: list[float]) -> Callable[[float], Any]:
    async def note(seconds: float) -> None:
        waited.append(seconds)

    return note
