"""The script by which another site shows the page within its own: one line in that site, no cookies."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources

from starlette.responses import Response

from qa.i18n.messages import LANGUAGES, say
from qa.ui.server.headers import RESOURCE_POLICY

EMBED_SCRIPT = "/embed.js"

KEEP_S = 3600
"""Seconds that a browser may keep the script."""


def make_embed_route() -> Callable[[], Response]:
    """What answers with the script. Any site may load it; which may show the page, the page itself says."""
    titles = json.dumps({code: say("page_title", code) for code in LANGUAGES}, ensure_ascii=False)
    source = resources.files("qa.ui.server").joinpath("embed.js").read_text(encoding="utf-8")
    script = source.replace("TITLES = {}", f"TITLES = {titles}")
    headers = {RESOURCE_POLICY.decode(): "cross-origin", "cache-control": f"public, max-age={KEEP_S}"}

    def embed() -> Response:
        return Response(script, media_type="text/javascript", headers=headers)

    return embed
