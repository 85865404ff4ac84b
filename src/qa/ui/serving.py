"""Serving a page: the address, the limits, and everything that Gradio wants to be told at the start."""

from __future__ import annotations

import socket
from collections.abc import Callable
from importlib import resources
from urllib.parse import urlencode

import gradio as gr
from starlette.middleware import Middleware

from qa.config import Settings
from qa.errors import ConfigError
from qa.intake import UploadLimits
from qa.ui.access import Access, UploadGuard
from qa.ui.headers import SafeHeaders
from qa.ui.theme import make_theme

MAX_WAITING = 64
"""Requests that may wait in the queue; more are told to come back, so that a flood cannot fill the memory."""


def serve(blocks: gr.Blocks, *, settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Serves `blocks` until the program is interrupted; see `qa.ui.page.launch`."""
    blocks.queue(max_size=MAX_WAITING, api_open=False)
    try:
        _, address, _ = blocks.launch(
            server_name=settings.host,
            server_port=settings.port or _free_port(settings.host),
            prevent_thread_lock=True,
            quiet=True,
            footer_links=[],
            max_file_size=UploadLimits().file_bytes,
            theme=make_theme(),
            css=resources.files("qa.ui").joinpath("page.css").read_text(encoding="utf-8"),
            js=resources.files("qa.ui").joinpath("page.js").read_text(encoding="utf-8"),
            app_kwargs={
                "middleware": [
                    Middleware(SafeHeaders),
                    Middleware(UploadGuard, access=Access(settings.admin_key)),
                ]
            },
        )
    except OSError as error:
        raise ConfigError(f"port {settings.port} cannot be served; set another one: {error}") from error
    if settings.admin_key:
        staff_link = f"{address}?{urlencode({'key': settings.admin_key})}"
        staff = f"Staff bring in new documents at {staff_link}"
    else:
        staff = "Documents can be brought in from this machine; to let others do it, set QA_ADMIN_KEY"
    on_ready(f"The page is at {address}\n{staff}")
    blocks.block_thread()


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
