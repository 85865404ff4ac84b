"""Logging in and out: a key, or a one-time code, is exchanged for a session. Both want the page's own origin."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from qa.i18n.messages import preferred_language
from qa.ui.access.login_page import login_page
from qa.ui.access.permissions import Access, Request
from qa.ui.access.senders import address_of

LOG_IN, LOG_OUT = "/session", "/session/end"
"""The paths where a session begins and ends. Gradio has a `/login` and a `/logout` of its own."""

MAX_BODY_BYTES = 4096
"""Limits what is sent to log in: a key, and the address of the page that was asked for."""

OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
"""An address on this page's own site, as browsers read it: with two strokes it would name another one."""

LATER_S = 60
"""When somebody may try again from whose address too many wrong keys came."""


@dataclass(frozen=True, slots=True)
class _Offer:
    """What was sent to log in: a key, a one-time code, and where a form without script leads."""

    key: str = ""
    code: str = ""
    to: str = "/"
    is_form: bool = False


async def answer_login(access: Access, sent: HttpRequest) -> Response:
    """What a request to `LOG_IN` or `LOG_OUT` is answered with."""
    request = Request.of_scope(sent.scope)
    if sent.method == "GET":
        if "text/html" in request.headers.get("accept", ""):  # a reload after a wrong key
            return RedirectResponse(f"{access.root_path}/", status_code=303)
        return Response(status_code=204 if access.person_of(request) else 401)  # the page asks if it is known
    if not request.is_own_site:
        return PlainTextResponse("Log in and out on the page itself.", status_code=403)
    if sent.url.path.rstrip("/").endswith(LOG_OUT):
        access.sessions.end(access.cookie.read(request.headers, scheme=request.scheme))
        return _with_cookie(Response(status_code=204), access, request, "")
    body = await _read_body(sent)
    if body is None:
        return PlainTextResponse("This is too long for a key.", status_code=413)
    return await _log_in(access, sent, request, _read_offer(body, request.headers))


async def _log_in(access: Access, sent: HttpRequest, request: Request, offer: _Offer) -> Response:
    person = access.holder_of(offer.key) or access.sessions.take_code(offer.code)
    if person is None:
        has_waited = not (offer.key or offer.code) or await access.wrong_keys.wait(address_of(sent.scope))
        return _refuse(access, request, offer, status=401 if has_waited else 429)
    access.sessions.end(access.cookie.read(request.headers, scheme=request.scheme))
    if offer.is_form:
        response: Response = RedirectResponse(access.root_path + offer.to, status_code=303)
    else:
        response = JSONResponse({"name": person.name, "staff": person.is_staff})
    return _with_cookie(response, access, request, access.sessions.begin(person))


def _refuse(access: Access, request: Request, offer: _Offer, *, status: int) -> Response:
    headers = {"retry-after": str(LATER_S)} if status == 429 else {}
    if not offer.is_form:
        return JSONResponse({"error": "wrong key"}, status_code=status, headers=headers)
    problem = "login_later" if status == 429 else "login_wrong"
    page = login_page(
        language=preferred_language(request.headers.get("accept-language", "")),
        root_path=access.root_path,
        to=offer.to,
        problem=problem,
    )
    return Response(page, status_code=status, headers=headers, media_type="text/html")


def _with_cookie(response: Response, access: Access, request: Request, token: str) -> Response:
    response.headers["set-cookie"] = access.cookie.write(token, scheme=request.scheme)
    response.headers["cache-control"] = "no-store"
    return response


async def _read_body(sent: HttpRequest) -> bytes | None:
    body = b""
    async for part in sent.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            return None
    return body


def _read_offer(body: bytes, headers: Mapping[str, str]) -> _Offer:
    """What `body`, a form's or JSON, offers; what it has of another kind counts as nothing."""
    is_form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    text = body.decode("utf-8", errors="replace")
    try:
        if is_form:
            given = {name: values[0] for name, values in parse_qs(text, max_num_fields=3).items()}
        else:
            given = json.loads(text)
    except (ValueError, RecursionError):
        given = {}
    values = [given.get(name) if isinstance(given, dict) else None for name in ("key", "code", "to")]
    key, code, to = (value if isinstance(value, str) else "" for value in values)
    return _Offer(key, code, to if OWN_PATH.fullmatch(to) else "/", is_form)
