"""What a piece of HTML is made of: its tags, attributes and text."""

from __future__ import annotations

from html.parser import HTMLParser

HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "![x](https://evil.example/x.png)",
    "[click](javascript:alert(1))",
    "<javascript:alert(1)>",
    "https://evil.example/path www.evil.example",
    "[1] [2] [999]",
    "\x1b[31mred\x1b[0m \u202egnp.exe",
    "' onmouseover='alert(1)",
    '"><svg/onload=alert(1)>',
    "`code` *bold* _em_ ~~gone~~ # h | t | $x$ {{x}} ${x} {x}",
    "1. one\n- two\n> three\n    four\n===",
    "&lt;script&gt; &#60;b&#62;",
]
OUR_TAGS = {
    *(
        "a",
        "article",
        "bdi",
        "blockquote",
        "button",
        "details",
        "div",
        "h1",
        "h2",
        "h3",
        "input",
        "li",
        "mark",
        "p",
        "section",
    ),
    *("span", "strong", "summary", "ul"),
    *("caption", "ol", "table", "tbody", "td", "th", "thead", "tr"),
}
OUR_ATTRIBUTES = {
    *(
        "aria-hidden",
        "aria-label",
        "aria-labelledby",
        "aria-live",
        "class",
        "data-copy",
        "data-document",
        "data-done",
        "data-thanks",
        "data-verdict",
        "aria-pressed",
        "data-version",
        "data-end",
        "data-number",
        "data-waiting",
        "data-start",
        "data-turn",
        "dir",
    ),
    *(
        "download",
        "hidden",
        "href",
        "id",
        "lang",
        "maxlength",
        "placeholder",
        "rel",
        "role",
        "scope",
        "tabindex",
        "target",
        "title",
        "type",
    ),
}


class Inventory(HTMLParser):
    """What a browser would see: tags, attribute names, addresses and text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)
        self.addresses.extend(value or "" for name, value in attrs if name in ("href", "src"))

    def handle_data(self, data: str) -> None:
        self.text += data
