"""Serving a page: the address, the limits, and everything that Gradio wants to be told at the start."""

from __future__ import annotations

import socket
from collections.abc import Callable
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import gradio as gr
from starlette.middleware import Middleware
from starlette.responses import FileResponse, PlainTextResponse, Response

from qa.errors import ConfigError
from qa.intake import UploadLimits
from qa.ui.access import Access, UploadGuard
from qa.ui.embed import EMBED_SCRIPT, make_embed_route
from qa.ui.first_sight import FirstSight, page_header
from qa.ui.headers import SafeHeaders
from qa.ui.mcp import MCP_PATH, McpGuard
from qa.ui.programs import tell_bad_call
from qa.ui.theme import make_theme
from qa.ui.waiting import MAX_WAITING, FullLine

if TYPE_CHECKING:
    from qa.pipeline import Pipeline

ORIGINALS = "/original/{doc_id}"


def serve(
    blocks: gr.Blocks, *, pipeline: Pipeline, on_ready: Callable[[str], None], mcp: bool = False
) -> None:
    """Serves `blocks` until the program is interrupted; see `qa.ui.page.launch`."""
    settings = pipeline.settings
    blocks.queue(max_size=MAX_WAITING, api_open=False)
    try:
        app, address, _ = blocks.launch(
            server_name=settings.host,
            server_port=settings.port or _free_port(settings.host),
            prevent_thread_lock=True,
            quiet=True,
            footer_links=["api"],  # without it there is no /?view=api; page.css hides the footer
            mcp_server=mcp,
            max_file_size=UploadLimits().file_bytes,
            theme=make_theme(),
            css=resources.files("qa.ui").joinpath("page.css").read_text(encoding="utf-8"),
            js=resources.files("qa.ui").joinpath("page.js").read_text(encoding="utf-8"),
            app_kwargs={
                "exception_handlers": {TypeError: tell_bad_call, KeyError: tell_bad_call},
                "middleware": [
                    Middleware(SafeHeaders, embed_origins=settings.embed_origins),
                    Middleware(UploadGuard, access=Access(settings.admin_key)),
                    Middleware(McpGuard),
                    Middleware(FullLine),
                    Middleware(FirstSight, header=lambda language: page_header(pipeline, language)),
                ],
            },
        )
    except OSError as error:
        raise ConfigError(f"port {settings.port} cannot be served; set another one: {error}") from error
    routes: dict[str, Callable[..., Response]] = {
        ORIGINALS: make_original_route(pipeline),
        EMBED_SCRIPT: make_embed_route(),
    }
    for path, answer in routes.items():
        app.add_api_route(path, answer)
        # Gradio has answers for all other paths already.
        app.router.routes.insert(0, app.router.routes.pop())
    if settings.admin_key:
        staff_link = f"{address}?{urlencode({'key': settings.admin_key})}"
        staff = f"Staff bring in new documents at {staff_link}"
    else:
        staff = "Documents can be brought in from this machine; to let others do it, set QA_ADMIN_KEY"
    tools = f"\nLanguage models call its tools over MCP at {address}{MCP_PATH.lstrip('/')}/" if mcp else ""
    on_ready(f"The page is at {address}\n{staff}{tools}")
    blocks.block_thread()


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
