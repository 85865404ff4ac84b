"""The door before the page and its functions: it looks at keys and sessions."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from qa.i18n.messages import known_language, preferred_language
from qa.ui.access.login import LATER_S, LOG_IN, LOG_OUT, answer_login
from qa.ui.access.login_page import login_page
from qa.ui.access.permissions import Access, Request, bearer_of
from qa.ui.access.senders import address_of
from qa.ui.server.embed import EMBED_SCRIPT
from qa.ui.server.headers import App, Message, Receive, Send, tell
from qa.ui.server.health import HEALTH, METRICS, READY
from qa.ui.server.routes import path_of

OPEN_PATHS = frozenset({EMBED_SCRIPT, HEALTH, METRICS, READY, "/gradio_api/startup-events"})
"""What is answered without the readers' key: nothing of the documents is in it. The figures have a rule of their
own, and Gradio asks itself for the last one when it starts."""

LOGIN = (("GET", LOG_IN), ("POST", LOG_IN), ("POST", LOG_OUT))
"""What logging in and out is asked with."""

UPLOAD_PROGRESS = "/gradio_api/upload_progress"
"""The path at which Gradio keeps memory, for good, for anybody who asks after an upload that does not exist."""

NO_UPLOAD = "Documents can be brought in only after logging in, or at the machine itself. Nothing was kept."
NO_READING = b'{"error": "this page wants a key: log in on it, or send Authorization: Bearer with the key"}'
TOO_MANY = "Too many wrong keys came from your address. Try again in a minute."


class KeyGuard:
    """An ASGI application that answers logins itself, and all else as `app` does, for those who may.

    Only staff upload: Gradio's own endpoint takes files from anybody, whatever the page shows. Where reading wants
    a key, nothing is answered without one but `OPEN_PATHS`. A wrong key costs its sender time.
    """

    def __init__(self, app: App, *, access: Access) -> None:
        self.app = app
        self._access = access

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "websocket" and self._access.is_closed:  # nothing of the page uses one
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request.of_scope(scope)
        path = path_of(scope)
        if self._is_stale(request):  # the browser shall forget it
            send = _adding(send, b"set-cookie", self._access.cookie.write("", scheme=request.scheme))
        if self._access.is_closed and path not in OPEN_PATHS:  # caches on the way shall not keep it
            send = _adding(send, b"cache-control", "private")
        has_wrong_key = self._has_wrong_key(scope, request, path)
        if has_wrong_key and not await self._access.wrong_keys.wait(address_of(scope)):
            await tell(send, 429, TOO_MANY, (b"retry-after", str(LATER_S).encode()))
        elif (scope["method"], path) in LOGIN:
            await (await answer_login(self._access, HttpRequest(scope, receive)))(scope, receive, send)
        elif not self._may_upload(scope["method"], path, request):
            await tell(send, 403, NO_UPLOAD)
        elif path in OPEN_PATHS or self._access.may_read(request):
            await self.app(scope, receive, send)
        else:
            await self._ask_for_key(scope, request, path)(scope, receive, send)

    def _may_upload(self, method: str, path: str, request: Request) -> bool:
        """False if `request` uploads, or asks how far an upload has come, and it is not staff who send it."""
        if _is_upload(method, path):
            return self._access.staff_of(request) is not None
        return path.rstrip("/") != UPLOAD_PROGRESS or self._access.may_follow_uploads(request)

    def _is_stale(self, request: Request) -> bool:
        """True if `request` brings a session that has ended, or was made up."""
        token = self._access.cookie.read(request.headers, scheme=request.scheme)
        return bool(token) and self._access.has_keys and self._access.person_of(request) is None

    def _has_wrong_key(self, scope: Message, request: Request, path: str) -> bool:
        """True if `request` tries to get something by a key or session that is none.

        Not so by a session where a page is merely opened: after a restart every browser comes with the one from
        before, and 256 bits are not guessed. Nor where a key is given: a right one passes at once, whatever
        session comes with it. What is open to all tells no key from another.
        """
        if path in OPEN_PATHS:
            return False
        if self._access.is_closed and bearer_of(request):
            return not self._access.may_read(request)
        if _is_opening(scope, request) or (scope["method"], path) == ("POST", LOG_IN):
            return False
        gets_something = self._access.is_closed or scope["method"] not in ("GET", "HEAD") or path == LOG_IN
        return gets_something and self._is_stale(request)

    def _ask_for_key(self, scope: Message, request: Request, path: str) -> Response:
        if not _is_opening(scope, request):
            headers = {"www-authenticate": "Bearer", "cache-control": "no-store"}
            return Response(NO_READING, status_code=401, headers=headers, media_type="application/json")
        sent = HttpRequest(scope)
        accepted = request.headers.get("accept-language", "")
        page = login_page(
            language=known_language(sent.query_params.get("lang", "")) or preferred_language(accepted),
            root_path=self._access.root_path,
            to=f"{path}?{sent.url.query}" if sent.url.query else path,
        )
        headers = {"cache-control": "no-store"}
        return Response(page, status_code=401, headers=headers, media_type="text/html")


def _adding(send: Send, name: bytes, value: str) -> Send:
    """`send`, with one header more in each response that has none of this name."""

    async def send_with_header(message: Message) -> None:
        given: Sequence[tuple[bytes, bytes]] = message.get("headers", ())
        if message["type"] == "http.response.start" and all(each.lower() != name for each, _ in given):
            message = {**message, "headers": [*given, (name, value.encode())]}
        await send(message)

    return send_with_header


def _is_upload(method: str, path: str) -> bool:
    return method == "POST" and path.rstrip("/").endswith("/upload")


def _is_opening(scope: Message, request: Request) -> bool:
    """True if a browser opens a page, and does not fetch something for one."""
    return scope["method"] == "GET" and "text/html" in request.headers.get("accept", "")
