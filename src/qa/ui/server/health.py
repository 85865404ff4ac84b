"""Addresses for operators: whether the page lives, whether it is ready, and its figures."""

from __future__ import annotations

import dataclasses
import os
import socket
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from qa.errors import IndexMissing, QAError
from qa.pipeline import Pipeline
from qa.storage.upgrade import read_upgrade
from qa.ui.access.permissions import is_local
from qa.ui.server.stopping import DoorWatcher
from qa.ui.server.watching import Watch

HEALTH, READY, METRICS = "/healthz", "/readyz", "/metrics"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def tell_health() -> Response:
    """The answer that comes for as long as the program lives."""
    return PlainTextResponse("ok\n")


def make_ready_route(pipeline: Pipeline, door: DoorWatcher) -> Callable[[], Response]:
    """What answers 200 if questions are answered now, and 503 with a reason if not.

    The models are loaded before anything is served, so that what is left is the index, and the end.
    """

    def ready() -> Response:
        reason = "the program is ending" if door.is_closed else _why_not(pipeline)
        upgrade = read_upgrade(pipeline.settings.index_dir)
        body = {
            "ready": not reason,
            **({"reason": reason} if reason else {}),
            **({"upgrade": dataclasses.asdict(upgrade)} if upgrade else {}),
        }
        return JSONResponse(body, status_code=503 if reason else 200)

    return ready


def make_metrics_route(pipeline: Pipeline, watch: Watch) -> Callable[[Request], Response]:
    """What answers with the figures, to whom `metrics` allows it."""

    def metrics(request: Request) -> Response:
        who = pipeline.settings.metrics
        host = request.client.host if request.client else None
        if who == "none" or (who == "local" and not is_local(request.headers, host)):
            return PlainTextResponse("Figures are for this machine only; see QA_METRICS.\n", status_code=403)
        return Response(watch.text(), media_type=PROMETHEUS)

    return metrics


def tell_system(state: str) -> None:
    """Tell systemd `state` (`READY=1`, `STOPPING=1`), where it has started the program."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.sendto(state.encode(), f"\0{address[1:]}" if address.startswith("@") else address)


def _why_not(pipeline: Pipeline) -> str:
    """Why no question can be answered, "" if they can. Anybody may ask this, and errors name folders."""
    try:
        return "" if pipeline.library.state else "there is no index"
    except IndexMissing:
        return "there is no index"
    except QAError as error:
        return f"the index cannot be opened ({type(error).__name__})"
