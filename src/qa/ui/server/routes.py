"""The ways into the page: the paths and methods that it, or a program, needs.

Gradio serves some 80 paths. What is not listed in `OPEN`, `OWN` or `OPEN_WITH_MCP` never reaches it; a test names
all others, so that no version of Gradio opens one unseen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from qa.ui.server.headers import App, Message, Receive, Send, tell
from qa.ui.server.programs import FUNCTIONS

NOT_HERE = "There is nothing here.\n"


@dataclass(frozen=True, slots=True)
class Way:
    """Requests that are let through: their methods, and their path as the application's own table has it."""

    methods: str
    path: str
    parts: tuple[str, ...] = ()
    """What may stand for each of the path's variable parts, as regular expressions."""

    def pattern(self) -> str:
        """The regular expression that such requests fit, as `METHOD /path`. A slash may follow the path."""
        first, *others = re.split(r"\{[^}]*\}", self.path.rstrip("/"))
        rest = [f"(?:{part}){re.escape(fixed)}" for part, fixed in zip(self.parts, others, strict=True)]
        return f"(?:{self.methods.replace(' ', '|')}) {re.escape(first)}{''.join(rest)}/?"


FILE = r"[\w-]+(?:\.[\w-]+)+"
"""A file of Gradio's page; they all lie in one folder."""
HEX = r"[0-9a-f]{16,32}"
"""What names a document, or a call that is being answered."""
NAMES = "|".join(FUNCTIONS)

OPEN = (
    # The page.
    Way("GET HEAD", "/"),  # HEAD: Gradio looks at its own server once, as it starts
    Way("GET", "/gradio_api/startup-events"),  # as well
    Way("GET", "/assets/{path:path}", (FILE,)),
    Way("GET", "/static/{path:path}", (r"js/iframeResizer\.contentWindow\.min\.js",)),
    Way("GET", "/theme.css"),
    Way("GET", "/favicon.ico"),
    Way("GET", "/robots.txt"),
    Way("POST", "/gradio_api/queue/join"),
    Way("GET", "/gradio_api/queue/data"),
    Way("POST", "/gradio_api/component_server"),
    Way("POST", "/gradio_api/upload"),
    Way("GET", "/gradio_api/upload_progress"),
    # Programs.
    Way("GET", "/config"),
    Way("GET", "/gradio_api/info"),
    Way("POST", "/gradio_api/call/{api_name}", (NAMES,)),
    Way("GET", "/gradio_api/call/{api_name}/{event_id}", (NAMES, HEX)),
    # Knows none but public functions, and says so.
    Way("POST", "/gradio_api/call/v2/{api_name}", (r"\w+",)),
    Way("GET", "/gradio_api/call/v2/{api_name}/{event_id}", (NAMES, HEX)),
    Way("POST", "/gradio_api/cancel"),
    Way("POST", "/gradio_api/reset"),
)
"""What a visit in a browser and Gradio's client need: seen in the log of each, not guessed."""

OWN = (
    Way("GET", "/original/{doc_id}", (HEX,)),
    Way("GET", "/embed.js"),
    Way("GET", "/healthz"),
    Way("GET", "/readyz"),
    Way("GET", "/metrics"),
    Way("GET POST", "/session"),  # logging in: qa.ui.access.login
    Way("POST", "/session/end"),
)
"""What the page itself answers, without Gradio."""

OPEN_WITH_MCP = (
    Way("GET POST", "/gradio_api/mcp"),
    Way("GET", "/gradio_api/mcp/schema"),  # what /?view=api shows of the tools
)
"""What tools need besides, over streamable HTTP; the older transport is not offered."""

CLOSED_QUERIES = frozenset({"all_endpoints", "deep_link", "page"})
"""Names in an address' query: what describes the page's own functions, reads a page's state from a file, and leads
to pages that there are not."""


class Routes:
    """An ASGI application that answers the requests that are open, with `mcp` also those for tools, as `app` does,
    and all others with 404."""

    def __init__(self, app: App, *, mcp: bool = False) -> None:
        self.app = app
        ways = (*OPEN, *OWN, *(OPEN_WITH_MCP if mcp else ()))
        self._open = re.compile("|".join(way.pattern() for way in ways), re.ASCII)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "lifespan" or (scope["type"] == "http" and self._is_open(scope)):
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await tell(send, 404, NOT_HERE)
        else:
            await send({"type": "websocket.close"})

    def _is_open(self, scope: Message) -> bool:
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if any(name in CLOSED_QUERIES for name, _ in query):
            return False
        return self._open.fullmatch(f"{scope['method']} {path_of(scope)}") is not None


def path_of(scope: Message) -> str:
    """The path that a request asks for, without the one that a proxy shows the page under."""
    path, root = str(scope["path"]), str(scope.get("root_path", "")).rstrip("/")
    return path.removeprefix(root) if path.startswith(f"{root}/") else path
