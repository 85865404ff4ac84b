"""Serving a page: the address, the limits, and everything that Gradio wants to be told at the start."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from collections.abc import Callable
from importlib import resources
from typing import Any

import gradio as gr
from fastapi.exceptions import RequestValidationError
from gradio.route_utils import CustomCORSMiddleware
from starlette.middleware import Middleware
from starlette.responses import FileResponse, PlainTextResponse, Response

from qa.config import Settings
from qa.corpus.change_log import operator
from qa.corpus.intake import UploadLimits
from qa.errors import ConfigError
from qa.handover.errand import run_errand
from qa.handover.page_socket import Counter
from qa.pipeline import Pipeline
from qa.system.logs import keep_words_out, print_no_more, take_over
from qa.ui.access.hosts import Hosts, advise, served_names
from qa.ui.access.key_guard import KeyGuard
from qa.ui.access.origins import Origins
from qa.ui.access.permissions import Access
from qa.ui.access.senders import Senders
from qa.ui.access.sessions import CODE_S, Person
from qa.ui.first_paint import FirstSight, page_header
from qa.ui.queue.limits import TurnedAway
from qa.ui.queue.listening import Listening
from qa.ui.queue.threads import ThreadShare
from qa.ui.queue.waiting import QUESTIONS_AT_ONCE, FairQueue, take_turns, tell_turned_away
from qa.ui.server.bodies import Bodies
from qa.ui.server.calls import PlainErrors, tell_bad_request
from qa.ui.server.connections import BoundedConnection
from qa.ui.server.embed import EMBED_SCRIPT, make_embed_route
from qa.ui.server.headers import SafeHeaders
from qa.ui.server.health import (
    HEALTH,
    METRICS,
    READY,
    make_metrics_route,
    make_ready_route,
    tell_health,
    tell_system,
)
from qa.ui.server.mcp import MCP_PATH, McpGuard, give_key_to_tools
from qa.ui.server.programs import tell_bad_call
from qa.ui.server.routes import Routes
from qa.ui.server.states import forget_states
from qa.ui.server.stopping import STOP_S, Door, DoorWatcher, wait_for_end
from qa.ui.server.upkeep import begin_upkeep
from qa.ui.server.watching import Watch
from qa.ui.theme import make_theme

logger = logging.getLogger(__name__)

ORIGINALS = "/original/{doc_id}"

OTHER_THREADS = 40
"""Threads for everything but questions, so that the page does not wait until questions are answered."""


def serve(
    blocks: gr.Blocks,
    *,
    pipeline: Pipeline,
    access: Access,
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
    app, address = open_server(blocks, pipeline, access, queue, door, mcp=mcp)
    take_over("uvicorn")
    watch = Watch(pipeline, count_waiting=lambda: len(queue), wrong_keys=access.wrong_keys)
    watch.begin()
    queue.on_turned_away = watch.count_turned_away
    begin_upkeep(pipeline)
    add_routes(app, pipeline, door, watch)
    counter = Counter(given, lambda errand: run_errand(errand, pipeline))
    counter.open()
    on_ready(_tell_where(address, access, settings, mcp=mcp))
    if not settings.log_questions:
        print_no_more()
    tell_system("READY=1")
    wait_for_end()
    tell_system("STOPPING=1")
    _end(blocks, door, counter)


def add_routes(app: Any, pipeline: Pipeline, door: DoorWatcher, watch: Watch) -> None:
    """Let `app` answer under the paths that are ours; `qa.ui.server.routes` lets the requests through."""
    routes: dict[str, Callable[..., Response]] = {
        ORIGINALS: make_original_route(pipeline),
        EMBED_SCRIPT: make_embed_route(),
        HEALTH: tell_health,
        READY: make_ready_route(pipeline, door),
        METRICS: make_metrics_route(pipeline, watch),
    }
    for path, answer in routes.items():
        app.add_api_route(path, answer)
        # Gradio has answers for all other paths already.
        app.router.routes.insert(0, app.router.routes.pop())


def open_server(
    blocks: gr.Blocks, pipeline: Pipeline, access: Access, queue: FairQueue, door: DoorWatcher, *, mcp: bool
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
            run_history=False,  # it keeps every call in the browser, and offers to keep them elsewhere
            enable_monitoring=False,
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
                    # A framed page has no session, so that readers with a key could not use it.
                    Middleware(SafeHeaders, embed_origins=() if access.is_closed else settings.embed_origins),
                    Middleware(Hosts, served=served_names(settings.host, settings.hosts)),
                    Middleware(Origins, origins=[*settings.embed_origins, *settings.api_origins]),
                    Middleware(Routes, mcp=mcp),
                    Middleware(Bodies),
                    Middleware(Door, watcher=door),
                    Middleware(KeyGuard, access=access),
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
    if mcp and access.is_closed:
        give_key_to_tools(blocks, address, settings.read_key)
    advise(settings.host, settings.hosts)
    _take_over(blocks, app)
    return app, address


def _take_over(blocks: gr.Blocks, app: Any) -> None:
    """Put our own rules in the place of Gradio's, which it has no setting for."""
    app.user_middleware = [each for each in app.user_middleware if each.cls is not CustomCORSMiddleware]
    app.middleware_stack = app.build_middleware_stack()
    blocks.server.config.http_protocol_class = BoundedConnection
    blocks.server.config.ws_protocol_class = None  # the page needs none of those sockets


def _tell_where(address: str, access: Access, settings: Settings, *, mcp: bool) -> str:
    lines = [f"The page is at {address}"]
    if not access.has_staff_keys:
        lines.append("Documents can be brought in from this machine; to let others do it, set QA_ADMIN_KEY")
    else:
        lines.append(f"Staff log in at {address}, in the tab for documents")
    if access.has_staff_keys and sys.stdout.isatty():  # elsewhere it would stand in a log
        code = access.sessions.make_code(Person(operator(), is_staff=True))
        minutes = CODE_S // 60
        lines.append(
            f"You can do so without the key, once within {minutes} minutes, at {address}#code={code}"
        )
    if access.is_closed and settings.embed_origins:
        lines.append(
            "No other site can show the page while QA_READ_KEY is set: QA_EMBED_ORIGINS is left aside"
        )
    if mcp:
        lines.append(f"Language models call its tools over MCP at {address}{MCP_PATH.lstrip('/')}/")
    return "\n".join(lines)


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
        path = pipeline.library.find_original(doc_id)
        if path is None:
            return PlainTextResponse("This file is no longer there.", status_code=404)
        return FileResponse(path, media_type="application/octet-stream", filename=path.name)

    return original


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
