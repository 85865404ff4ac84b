"""The page's first moment: its title in the visitor's language before any script has run, and less to send."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import resources
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware

from qa.i18n.messages import known_language, preferred_language
from qa.pipeline import Pipeline
from qa.rendering.escaping import Html, fill
from qa.rendering.page_parts import header_html
from qa.storage.upgrade import read_upgrade
from qa.ui.server.headers import App, Layer, Message, Receive, Send
from qa.ui.theme import SYSTEM_FONTS

GRADIO_S_WORDS = re.compile(r'<meta\s+(?:property="og:|name="twitter:)[^>]*>')
"""What Gradio says of itself to sites that show a link with a picture and a title."""

FRAME = """
body { background: var(--ground); color: var(--ink); }
#first-sight { position: absolute; inset: 0 0 auto 0; box-sizing: border-box; max-width: 1180px; margin: 0 auto;
  padding: clamp(var(--space-4), 4vw, var(--space-6)) clamp(var(--space-4), 3vw, var(--space-5));
  font: 16px/1.625 FONTS; }
#first-sight:lang(km) { line-height: 1.95; }
.masthead p { margin: 0 0 6px; line-height: inherit; }
body:has(.gradio-container .masthead) #first-sight { display: none; }
"""
"""Where the title stands, as in Gradio's frame; before page.css, which has the rest, there is nothing else."""


def page_header(pipeline: Pipeline, language: str) -> Html:
    """The page's title, what it is, and what it knows at this moment."""
    library = pipeline.library
    catalogue = library.catalogue
    return header_html(
        documents=len(library.records),
        cities=[catalogue.display_name(city.name, language) for city in catalogue.partners],
        newest=library.newest_date,
        is_written=pipeline.writes,
        upgrade=read_upgrade(pipeline.settings.index_dir),
        language=language,
    )


class FirstSight(Layer):
    """An ASGI application that answers as `app` does, with `header` (the page's, in a language) at the page's top
    until the page has drawn its own, and the page compressed for browsers that read that."""

    def __init__(self, app: App, header: Callable[[str], Html]) -> None:
        super().__init__(app)
        self._header = header
        self._style = early_style()
        self._compressing = GZipMiddleware(self._answer_page, minimum_size=1000)

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        is_page = scope["method"] == "GET" and scope["path"] == "/"
        await (self._compressing if is_page else self.app)(scope, receive, send)

    async def _answer_page(self, scope: Message, receive: Receive, send: Send) -> None:
        start: Message = {}
        body = b""

        async def take(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            # The header is looked up in the index: nobody else waits for that.
            whole = body
            if start["status"] == 200:
                whole = await run_in_threadpool(self._with_header, body, scope)
            headers = [each for each in start["headers"] if each[0].lower() != b"content-length"]
            headers.append((b"content-length", str(len(whole)).encode()))
            await send({**start, "headers": headers})
            await send({"type": "http.response.body", "body": whole})

        await self.app(scope, receive, take)

    def _with_header(self, body: bytes, scope: Message) -> bytes:
        page = body.decode("utf-8")
        asked = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        accepted = Headers(raw=scope["headers"]).get("accept-language", "")
        language = known_language(asked.get("lang", [""])[0]) or preferred_language(accepted)
        sight = '<div id="first-sight" lang="{language}">{header}</div>'
        sight = fill(sight, language=language, header=self._header(language))
        page = GRADIO_S_WORDS.sub("", page)
        if "embed" in asked:  # the site around it has a heading of its own
            return page.encode("utf-8")
        page = page.replace("</head>", f"<style>{self._style}</style></head>", 1)
        return re.sub(r"<body[^>]*>", lambda tag: tag[0] + sight, page, count=1).encode("utf-8")


def early_style() -> str:
    """As much of page.css as the page's title needs: the palette of both schemes, and the title's own rules."""
    css = resources.files("qa.ui").joinpath("page.css").read_text(encoding="utf-8")
    light, dark = (css.split(f"\n{name} {{")[1].split("}")[0] for name in (":root", ".dark"))
    title = re.findall(r"^\.masthead.*$", css, re.MULTILINE)
    on_phones = re.findall(r"^  \.masthead.*$", css, re.MULTILINE)
    return "\n".join(
        [
            f":root {{{light}}}",
            f"@media (prefers-color-scheme: dark) {{ :root {{{dark}}} }}",
            FRAME.replace("FONTS", ", ".join(f"'{name}'" if " " in name else name for name in SYSTEM_FONTS)),
            *title,
            f"@media (max-width: 860px) {{ {' '.join(on_phones)} }}",
        ]
    )
