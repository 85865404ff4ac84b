"""Web sites of others, which show the page in a frame."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from pages import Server

SITE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A city</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><h1>A city's office</h1><script src="{address}embed.js" {options} async></script><p id="after">After</p>
</body></html>"""


@dataclass(frozen=True)
class Site:
    """Another site on this machine: `localhost` is another one than 127.0.0.1, where the page is."""

    folder: Path
    address: str

    def put(self, page: Server, options: str = "") -> None:
        """Writes the site's page, with the script line and its `options`."""
        (self.folder / "index.html").write_text(
            SITE.format(address=page.address, options=options), encoding="utf-8"
        )


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")  # two versions of a page can be of the same second
        super().end_headers()


def start_site(folder: Path) -> tuple[ThreadingHTTPServer, Site]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server, Site(folder, f"http://localhost:{server.server_port}")
