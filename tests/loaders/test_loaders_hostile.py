"""Facts about files made to harm: they end in time, and what nobody sees of them is not read."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

import pytest
from lxml import html as lxml_html

from qa.errors import LoadError
from qa.loaders import markdown, stylesheets
from qa.loaders.encodings import decode_page
from qa.loaders.hidden import has_background, is_hiding, is_unreadable, remove_hidden
from qa.loaders.html import parse_page, read_html, read_lines
from qa.loaders.markdown import read_markdown
from qa.loaders.parsed import Parsed
from qa.loaders.stylesheets import read_style
from qa.loaders.text import read_text

READERS: dict[str, Callable[[bytes], Parsed]] = {
    "text": read_text,
    "markdown": read_markdown,
    "html": read_html,
}

PATIENCE_S = 60.0
"""Several times what the slowest of these takes on a slow machine; without a guard they take hours."""

WORDS = "The city burns 600 tons of waste a day and makes electricity of it. It was built with help."


def page(body: str, *, head: str = "") -> bytes:
    return (
        f"<!doctype html><html><head><title>The plant</title>{head}</head><body><article><h1>The plant</h1>"
        f"<p>{WORDS}</p>{body}<p>The end of the page is here.</p></article></body></html>"
    ).encode()


def read_or_refuse(reader: str, data: bytes) -> Parsed | None:
    """What was read; None where it was refused with a next step. Fails where it took too long."""
    start = time.monotonic()
    parsed, message = None, "no refusal; no step"
    try:
        parsed = READERS[reader](data)
    except LoadError as error:
        message = str(error)
    assert time.monotonic() - start < PATIENCE_S
    assert ";" in message, "a refusal tells the next step"
    return parsed


# --- characters


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("unwanted", ["\x00", "\x01", "\x1b", "\x7f", "\u202e", "\u2066", "\u2069", "\ufeff"])
def test_controls_and_marks_that_turn_the_writing_do_not_enter_the_text(reader: str, unwanted: str) -> None:
    source = (
        f"<p>The plan{unwanted} is ready for {unwanted}everybody to read.</p>"
        if reader == "html"
        else (f"The plan{unwanted} is ready for {unwanted}everybody to read.")
    )
    text = READERS[reader](page(source) if reader == "html" else source.encode()).text
    assert unwanted not in text
    assert "is ready for" in text


def test_a_zero_byte_does_not_end_a_page() -> None:
    assert "The end of the page is here." in read_html(page("<p>Before.\x00 After.</p>")).text


@pytest.mark.parametrize("reference", ["&#x202e;", "&#8238;", "&#0;", "&#x2066;"])
@pytest.mark.parametrize("reader", ["markdown", "html"])
def test_references_to_unwanted_characters_do_not_enter_the_text(reader: str, reference: str) -> None:
    source = f"<p>Words {reference}and more words.</p>"
    text = READERS[reader](page(source) if reader == "html" else source[3:-4].encode()).text
    assert not {"\u202e", "\u2066", "\x00"} & set(text)


# --- size


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("unit", ["word ", "北九州市は", "[a](", "a\n"])
def test_ten_megabytes_end(reader: str, unit: str) -> None:
    source = unit * (10 * 2**20 // len(unit.encode()))
    parsed = read_or_refuse(reader, page(f"<p>{source}</p>") if reader == "html" else source.encode())
    assert parsed is None or len(parsed.text) > 2**20


@pytest.mark.parametrize("reader", ["text", "markdown"])
def test_a_long_line_is_read_whole(reader: str) -> None:
    source = "The plan is ready. " * 50_000
    assert READERS[reader](source.encode()).text == source.strip()


def test_a_long_paragraph_of_a_page_is_read_whole() -> None:
    source = "The plan is ready. " * 10_000
    assert source.strip() in read_html(page(f"<p>{source}</p>")).text


# --- bait for regular expressions and parsers

BAIT = {
    "letters": "a" * 100_000 + "!",
    "brackets": "[" * 100_000,
    "links": "[a](" * 30_000,
    "pictures": "![" * 50_000,
    "tags": "<a" * 100_000,
    "attributes": "<a b='" * 30_000,
    "many attributes": "<p " + " ".join(f"a{number}=1" for number in range(200_000)) + ">x</p>",
    "stars": "**" * 100_000,
    "open stars": "*a " * 50_000,
    "mixed marks": "*a_ " * 30_000,
    "ticks": " ".join("`" * number for number in range(1, 600)),
    "ampersands": "&" * 100_000,
    "references": "&#" * 50_000,
    "comments": "<!--" * 50_000,
    "declarations": "<!DOCTYPE " * 20_000,
    "sections": "<![CDATA[" * 20_000,
    "instructions": "<?" * 50_000,
    "quotes": "> " * 10_000 + "x",
    "lists": "- " * 10_000 + "x",
    "stairs": "".join(f"{' ' * number}- a\n" for number in range(800)),
    "definitions": "[a]: u\n" * 20_000,
    "titles": "[a]: x '" * 30_000,
    "table": "|a" * 20_000 + "\n" + "|-" * 20_000 + "\n" + "|b\n" * 20_000,
    "front matter": "---\n" + "a: " * 10_000,
    "long front matter": "---\n" + "a: b\n" * 100_000 + "---\nWords.",
    "deep front matter": "---\na: " + "[" * 10_000 + "\n---\nWords.",
    "blanks after dashes": "---" + " " * 100_000 + "x\nWords.",
    "blanks": "a" + " " * 100_000 + "b" + "\n \t" * 50_000,
    "full stops": ".)" * 100_000 + "x",
    "elements": "<div>" * 100_000 + "x",
    "marks": "<b>" * 50_000 + "x",
    "tables in tables": "<table><tr><td>" * 2_000 + "x",
    "lists in lists": "<ul><li>a" * 5_000,
    "style": "<style>" + "a{" * 100_000 + "</style>Words.",
    "style comments": "<style>" + "/*" * 100_000 + "</style>Words.",
    "rules": "<style>" + ".a{display:none}" * 60_000 + "</style>" + "<p class=a>Words.</p>" * 50_000,
    "selectors": "<style>"
    + ".a .a .a .a .a .a{display:none}" * 1_000
    + "</style>"
    + "<b class=a>" * 200
    + "x",
    "script data": '<script type="application/ld+json">' + "[" * 100_000 + "</script>Words.",
}


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("bait", BAIT)
def test_bait_ends_in_a_text_or_a_refusal(reader: str, bait: str) -> None:
    source = BAIT[bait]
    parsed = read_or_refuse(reader, page(source) if reader == "html" else source.encode())
    assert parsed is None or len(parsed.text) < 50 * len(source) + 10_000


@pytest.mark.slow
def test_many_paragraphs_of_bait_end() -> None:
    read_or_refuse("markdown", (("[" * 49_000 + "\n\n") * 40).encode())


def test_a_page_nested_too_deep_is_refused_and_not_cut_short() -> None:
    with pytest.raises(LoadError, match="nested too deep; save"):
        read_html(page("<div>" * 300 + "x" + "</div>" * 300))


def test_a_page_of_usual_depth_is_read() -> None:
    assert "Deep inside." in read_html(page("<div>" * 100 + "<p>Deep inside.</p>" + "</div>" * 100)).text


@pytest.mark.parametrize("reader", ["markdown", "html"])
def test_an_error_of_depth_becomes_a_load_error(reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def recurse(*args: Any, **options: Any) -> Any:
        raise RecursionError

    monkeypatch.setattr("qa.loaders.html._add_element", recurse)
    monkeypatch.setattr(markdown, "_add_blocks", recurse)
    with pytest.raises(LoadError, match="nested too deep; save"):
        READERS[reader](page("") if reader == "html" else b"Words.")


def test_a_table_inside_of_a_table_is_read_once() -> None:
    inner = "<table><tr><td>Only inside.</td><td>x</td></tr></table>"
    text = read_html(page(f"<table><tr><td>Outside.</td><td>{inner}</td></tr></table>")).text
    assert text.count("Only inside.") == 1


@pytest.mark.parametrize(
    "matter",
    [
        "a: &a [x, x]\ntitle: *a",
        "a: &a {b: c}\nd: {<<: [*a, *a]}",
        "a: !!bool x",
        "a: !!int ''",
        "a: !!python/object/apply:os.system [ls]",
        "? {a: b}\n: c",
    ],
)
def test_front_matter_that_the_reader_of_yaml_trips_over_is_a_load_error(matter: str) -> None:
    with pytest.raises(LoadError, match="front matter"):
        read_markdown(f"---\n{matter}\n---\nWords.\n".encode())


@pytest.mark.parametrize("value", ["!!timestamp x", "2001-01-01 00:00:00 +99:99", "9999-99-99"])
def test_a_moment_in_front_matter_that_there_is_not_is_text(value: str) -> None:
    parsed = read_markdown(f"---\na: {value}\ndate: {value}\n---\nWords.\n".encode())

    assert (parsed.text, len(parsed.warnings)) == ("Words.", 0 if value.startswith("2001") else 1)


def test_a_long_paragraph_with_tags_is_refused_since_they_could_hide_something() -> None:
    hidden = "<span hidden>evil</span>"
    with pytest.raises(LoadError, match="put blank lines between them"):
        read_markdown((("word " * 20_000) + hidden).encode())


# --- what nobody sees

HIDDEN = [
    "<p hidden>evil</p>",
    "<p hidden=until-found>evil</p>",
    "<p aria-hidden=true>evil</p>",
    "<!-- evil -->",
    "<template><p>evil</p></template>",
    "<noscript>evil</noscript>",
    "<dialog>evil</dialog>",
    *(
        f'<p style="{style}">evil</p>'
        for style in (
            "display:none", "DISPLAY : NONE !important", "visibility:hidden", "opacity:0", "opacity: 0.01",
            "font-size:0", "font-size:0px", "font-size:1px", "font-size: 1pt", "font-size:.1em",
            "color:white", "color:#fff", "color:#FFFFFF", "color: rgb(255, 255, 255)", "color:#fefefe",
            "color:transparent", "color:rgba(0,0,0,0)", "color:#fff;background:#ffffff", "text-indent:-9999px",
            "position:absolute;left:-9999px", "position:fixed; top:-200em", "margin-left:-10000px",
            "clip:rect(0,0,0,0)", "clip: rect(0 0 0 0)", "clip-path:inset(50%)", "height:0;overflow:hidden",
            "width:1px;height:1px;overflow:hidden", "max-height:0;overflow:hidden", "transform:scale(0)",
            "color:red;/* x */display:none",
        )
    ),
    '<div style="display:none"><p style="display:block">evil</p></div>',
    '<div style="color:#fff"><p>evil</p></div>',
    '<font color="#ffffff">evil</font>',
]  # fmt: skip


@pytest.mark.parametrize("hidden", HIDDEN)
def test_what_a_page_hides_is_not_read(hidden: str) -> None:
    parsed = read_html(page(f"{hidden}<p>After it more words are seen.</p>"))
    assert "evil" not in parsed.text
    assert WORDS in parsed.text
    assert "After it more words are seen." in parsed.text


@pytest.mark.parametrize("hidden", HIDDEN)
def test_what_a_mail_in_html_hides_is_not_read(hidden: str) -> None:
    assert read_lines(f"<p>Seen.</p>{hidden}<p>After it.</p>") == "Seen.\n\nAfter it."


@pytest.mark.parametrize(
    "seen",
    [
        '<p style="background-color:#fff">Words that are seen by all.</p>',
        '<p style="color:#fff;background:#003366">Words that are seen by all.</p>',
        '<div style="background-color: navy"><p style="color: white">Words that are seen by all.</p></div>',
        '<table bgcolor="#003366"><tr><td>'
        '<font color="white">Words that are seen by all.</font></td></tr></table>',
        '<div style="font-size:0"><p style="font-size:16px">Words that are seen by all.</p></div>',
        '<div style="visibility:hidden"><p style="visibility:visible">Words that are seen by all.</p></div>',
        '<p style="opacity:0.9">Words that are seen by all.</p>',
        '<p style="margin-left:-20px;text-indent:-2em">Words that are seen by all.</p>',
        '<p style="height:300px;overflow:hidden">Words that are seen by all.</p>',
        '<p style="color:#f00">Words that are seen by all.</p>',
        '<p aria-hidden="false">Words that are seen by all.</p>',
        "<details><summary>More</summary><p>Words that are seen by all.</p></details>",
    ],
)
def test_what_a_page_shows_is_read(seen: str) -> None:
    assert "Words that are seen by all." in read_html(page(seen)).text


@pytest.mark.parametrize(
    ("rule", "element"),
    [
        (".a{display:none}", "<p class='x a'>evil</p>"),
        ("#a{visibility:hidden}", "<p id=a>evil</p>"),
        ("p.a, .b { color: red; display : none !important }", "<p class=b>evil</p>"),
        ("div > p.a{opacity:0}", "<div><p class=a>evil</p></div>"),
        ("article .a .b{font-size:0}", "<div class=a><i><b class=b>evil</b></i></div>"),
        ("/* x */ .a{position:absolute;left:-9999px}", "<p class=a>evil</p>"),
        ("@media screen{.a{display:none}}", "<p class=a>evil</p>"),
        ("@charset 'x'; .a{display:none}", "<p class=a>evil</p>"),
        (".a{color:#fff}", "<p class=a>evil</p>"),
        (".a{display:none!important}", "<p class=a style='display:block'>evil</p>"),
        (".a{display:block} .a{display:none}", "<p class=a>evil</p>"),
        ("evil{display:none}", "<evil>evil</evil>"),
    ],
)
def test_what_a_style_block_hides_is_not_read(rule: str, element: str) -> None:
    for source in (page(element, head=f"<style>{rule}</style>"), page(f"<style>{rule}</style>{element}")):
        parsed = read_html(source)
        assert "evil" not in parsed.text
        assert "The end of the page is here." in parsed.text


@pytest.mark.parametrize(
    "rule",
    [
        "@media print{.a{display:none}}",
        "@media (max-width:600px){.a{display:none}}",
        "@keyframes x{from{opacity:0}.a{opacity:0}}",
        ".a:hover{display:none}",
        ".b .a{display:none}",
        ".ab{display:none}",
        ".a{display:none} .a{display:block}",
        ".a{color:#fff;background-color:#036}",
        "body{color:#fff;background:#000} .a{color:white}",
        "body{visibility:hidden}",
        "html{opacity:0}",
        "body{color:#fff} .a{color:white}",
        "span > .a{display:none}",
    ],
)
def test_what_a_style_block_does_not_hide_is_read(rule: str) -> None:
    source = page("<p class=a>Words that are seen by all.</p>", head=f"<style>{rule}</style>")
    text = read_html(source).text
    assert "Words that are seen by all." in text
    assert WORDS in text


def test_too_much_style_is_refused() -> None:
    sheet = ".a{color:red}" * (stylesheets.MAX_STYLE_CHARS // 13 + 1)
    with pytest.raises(LoadError, match="more style than text; save"):
        read_html(page("", head=f"<style>{sheet}</style>"))


def test_a_whole_hidden_page_keeps_its_root() -> None:
    root = lxml_html.document_fromstring(
        "<html hidden><body style='display:none'><p>Seen by script.</p></body></html>"
    )
    remove_hidden(root)
    assert root.xpath("string()") == "Seen by script."


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("display:none", (True, None, False)),
        ("color:#fff", (False, True, False)),
        ("color:#000", (False, False, False)),
        ("background:url(x.png)", (False, None, True)),
        ("background: none", (False, None, False)),
        ("margin: 0 auto", (False, None, False)),
    ],
)
def test_a_style_tells_whether_it_hides(style: str, expected: tuple[bool, bool | None, bool]) -> None:
    declared, _ = read_style(style)
    assert (is_hiding(declared), is_unreadable(declared), has_background(declared)) == expected


@pytest.mark.parametrize(
    "hidden",
    [
        "<span hidden>evil</span>",
        "<span style='display:none'>evil <span>evil</span> evil</span>",
        '<span style="color:white">evil</span>',
        "<span style='font-size:1px'>evil</span>",
        "<span style='position:absolute;left:-9999px'>evil</span>",
        "<span aria-hidden=true>evil</span>",
        "<SCRIPT>evil()</SCRIPT>",
        "<noscript>evil</noscript>",
        "<!-- evil -->",
    ],
)
def test_what_tags_hide_inside_of_a_paragraph_of_markdown_is_not_read(hidden: str) -> None:
    assert " ".join(read_markdown(f"Seen {hidden} and seen.\n".encode()).text.split()) == "Seen and seen."


@pytest.mark.parametrize(
    "seen",
    ["<b>seen</b>", "<br hidden>seen", "<img hidden>seen", "<i style='color:red'>seen</i>", "<b hidden/>seen",
     "<span style='color:#fff;background:#000'>seen</span>"],
)  # fmt: skip
def test_what_tags_show_inside_of_a_paragraph_of_markdown_is_read(seen: str) -> None:
    assert read_markdown(f"Words {seen} and more.\n".encode()).text == "Words seen and more."


@pytest.mark.parametrize("name", ["a" * 100_000, "a" + "-" * 100_000])
def test_the_name_of_a_tag_may_be_long(name: str) -> None:
    start = time.monotonic()
    with contextlib.suppress(LoadError):
        read_markdown(f"x <{name}> y".encode())
    parse_page(decode_page(f"<p>x <{name}> y".encode()))
    assert time.monotonic() - start < PATIENCE_S
