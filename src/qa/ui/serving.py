"""Serving a page: the address, the limits, and everything that Gradio wants to be told at the start."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import gradio as gr
from fastapi.exceptions import RequestValidationError
from starlette.middleware import Middleware
from starlette.responses import FileResponse, PlainTextResponse, Response

from qa.config import Settings
from qa.errands import run_errand
from qa.errors import ConfigError
from qa.intake import UploadLimits
from qa.logs import keep_words_out, print_no_more, take_over
from qa.nearby import Counter
from qa.ui.access import Access, UploadGuard
from qa.ui.calls import PlainErrors, tell_bad_request
from qa.ui.embed import EMBED_SCRIPT, make_embed_route
from qa.ui.first_sight import FirstSight, page_header
from qa.ui.headers import SafeHeaders
from qa.ui.health import (
    HEALTH,
    METRICS,
    READY,
    make_health_route,
    make_metrics_route,
    make_ready_route,
    tell_system,
)
from qa.ui.limits import TurnedAway
from qa.ui.listening import Listening
from qa.ui.mcp import MCP_PATH, McpGuard
from qa.ui.programs import tell_bad_call
from qa.ui.senders import Senders
from qa.ui.states import forget_states
from qa.ui.stopping import STOP_S, Door, DoorWatcher, wait_for_end
from qa.ui.theme import make_theme
from qa.ui.threads import ThreadShare
from qa.ui.upkeep import begin_upkeep
from qa.ui.waiting import QUESTIONS_AT_ONCE, FairQueue, take_turns, tell_turned_away
from qa.ui.watching import Watch

if TYPE_CHECKING:
    from qa.pipeline import Pipeline

logger = logging.getLogger(__name__)

ORIGINALS = "/original/{doc_id}"

OTHER_THREADS = 40
"""Threads for all that is no question, so that it need not wait until questions are answered."""


def serve(
    blocks: gr.Blocks,
    *,
    pipeline: Pipeline,
    given: Settings,
    on_ready: Callable[[str], None],
    mcp: bool = False,
) -> None:
    """Serves `blocks` until the program is told to end; see `qa.ui.page.launch`."""
    settings = pipeline.settings
    queue = take_turns(blocks, pipeline.settings)
    door = DoorWatcher()
    if not settings.log_questions:
        keep_words_out()
    app, address = open_server(blocks, pipeline, queue, door, mcp=mcp)
    take_over("uvicorn")
    watch = Watch(pipeline, count_waiting=lambda: len(queue))
    watch.begin()
    queue.on_turned_away = watch.count_turned_away
    begin_upkeep(pipeline)
    routes: dict[str, Callable[..., Response]] = {
        ORIGINALS: make_original_route(pipeline),
        EMBED_SCRIPT: make_embed_route(),
        HEALTH: make_health_route(),
        READY: make_ready_route(pipeline, door),
        METRICS: make_metrics_route(pipeline, watch),
    }
    for path, answer in routes.items():
        app.add_api_route(path, answer)
        # Gradio has answers for all other paths already.
        app.router.routes.insert(0, app.router.routes.pop())
    counter = Counter(given, lambda errand: run_errand(errand, pipeline))
    counter.open()
    on_ready(_tell_where(address, settings, mcp=mcp))
    if not settings.log_questions:
        print_no_more()
    tell_system("READY=1")
    wait_for_end()
    tell_system("STOPPING=1")
    _end(blocks, door, counter)


def open_server(
    blocks: gr.Blocks, pipeline: Pipeline, queue: FairQueue, door: DoorWatcher, *, mcp: bool
) -> tuple[Any, str]:
    """The application that serves `blocks` from now on, and its address. Raises `ConfigError` for a taken port."""
    settings = pipeline.settings
    # uvicorn would believe proxies before `Senders` can tell which they are.
    os.environ["FORWARDED_ALLOW_IPS"] = ""
    try:
        app, address, _ = blocks.launch(
            server_name=settings.host,
            server_port=settings.port or _free_port(settings.host),
            root_path=settings.root_path or None,
            prevent_thread_lock=True,
            quiet=True,
            footer_links=["api"],  # without it there is no /?view=api; page.css hides the footer
            mcp_server=mcp,
            max_file_size=UploadLimits().file_bytes,
            max_threads=QUESTIONS_AT_ONCE + OTHER_THREADS,
            theme=make_theme(),
            css=resources.files("qa.ui").joinpath("page.css").read_text(encoding="utf-8"),
            js=resources.files("qa.ui").joinpath("page.js").read_text(encoding="utf-8"),
            app_kwargs={
                "exception_handlers": {
                    TypeError: tell_bad_call,
                    KeyError: tell_bad_call,
                    RequestValidationError: tell_bad_request,
                    TurnedAway: tell_turned_away,
                },
                "middleware": [
                    Middleware(Senders, proxies=settings.proxies),
                    Middleware(PlainErrors),
                    Middleware(SafeHeaders, embed_origins=settings.embed_origins),
                    Middleware(Door, watcher=door),
                    Middleware(UploadGuard, access=Access(settings.admin_key)),
                    Middleware(McpGuard),
                    Middleware(ThreadShare, waiting=settings.address_waiting),
                    Middleware(Listening, queue=queue),
                    Middleware(FirstSight, header=lambda language: page_header(pipeline, language)),
                ],
            },
        )
    except OSError as error:
        raise ConfigError(f"port {settings.port} cannot be served; set another one: {error}") from error
    forget_states(app)
    return app, address


def _tell_where(address: str, settings: Settings, *, mcp: bool) -> str:
    """The message for whoever started the program."""
    if settings.admin_key:
        staff_link = f"{address}?{urlencode({'key': settings.admin_key})}"
        staff = f"Staff bring in new documents at {staff_link}"
    else:
        staff = "Documents can be brought in from this machine; to let others do it, set QA_ADMIN_KEY"
    tools = f"\nLanguage models call its tools over MCP at {address}{MCP_PATH.lstrip('/')}/" if mcp else ""
    return f"The page is at {address}\n{staff}{tools}"


def _end(blocks: gr.Blocks, door: DoorWatcher, counter: Counter) -> None:
    """Answer what was asked, for `STOP_S` at most, and stop serving."""
    start = time.monotonic()
    if not door.close(STOP_S):
        logger.warning("not everything that was asked is answered, and it takes too long")
    counter.close(max(0.0, STOP_S - (time.monotonic() - start)))
    blocks.close(verbose=False)


def make_original_route(pipeline: Pipeline) -> Callable[[str], Response]:
    """What answers with the file that a document was read from, to be saved and not shown: it may be hostile."""

    def original(doc_id: str) -> Response:
        path = pipeline.original(doc_id)
        if path is None:
            return PlainTextResponse("This file is no longer there.", status_code=404)
        return FileResponse(path, media_type="application/octet-stream", filename=path.name)

    return original


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
