"""Facts about reading files: what a reader would see of them becomes the text, and nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import REPOSITORY, load_document
from qa import loaders
from qa.cities import CityCatalogue, load_cities
from qa.corpus import files
from qa.corpus.files import find_files, read_bytes
from qa.domain import Document
from qa.errors import LoadError, UnsupportedType
from qa.i18n.reasons import code_of
from qa.loaders import document_id, document_version, parse_document
from qa.loaders.parsed import TextBuilder
from qa.text.normalise import normalise

CATALOGUE = load_cities(REPOSITORY / "corpus" / "cities.toml")

PAGE = """<!doctype html><html lang="en"><head><title>Davao and Kitakyushu</title>
<script>var evil = "in the head";</script><style>.evil { color: red }</style>
<link rel="canonical" href="https://example.org/davao"></head><body>
<nav><ul><li><a href="/">Home of navigation</a></li><li><a href="/about">About navigation</a></li></ul></nav>
<main><article><h1>Davao and Kitakyushu</h1>
<p>Davao and Kitakyushu have worked together on waste for years. They wrote a plan together.</p>
<!-- an evil comment --><script>var evil = "in the body";</script>
<h2>The plant</h2>
<p>The plant burns 600 tons of waste a day &amp; makes electricity. It was built with help.</p>
<ul><li>First, the cities planned.</li><li>Then they built.</li></ul>
<table><tr><th>Year</th><th>Tons</th></tr><tr><td>2017</td><td>600</td></tr></table>
<p style="display:none">Evil text that nobody sees.</p>
</article></main><footer>Copyright in the footer</footer></body></html>"""


def read(data: bytes | str, *, path: str = "a.md", catalogue: CityCatalogue = CATALOGUE) -> Document:
    return parse_document(data.encode() if isinstance(data, str) else data, path=path, catalogue=catalogue)


def test_front_matter_is_honoured_and_not_part_of_the_text() -> None:
    document = read(
        "---\ntitle: Davao's plan\ncities: [davao city, スラバヤ, Atlantis]\ndate: 2024-01-05\nlanguage: fil\n"
        "source_url: https://example.org/a\nsource_title: The original\n---\n# Heading\n\nText.\n"
    )
    assert document.title == "Davao's plan"
    assert document.cities == ("Davao", "Surabaya", "Atlantis")
    assert document.date == "2024-01-05"
    assert document.language == "fil"
    assert document.url == "https://example.org/a"
    assert document.source_title == "The original"
    assert document.text == "Heading\n\nText."
    assert document.is_titled


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_front_matter_is_found_whatever_the_editor(mark: str, line_end: str) -> None:
    source = line_end.join([mark + "---", "title: T", "---", "One line", "goes on.", "", "Two."])
    document = read(source.encode())
    assert (document.title, document.text) == ("T", "One line goes on.\n\nTwo.")


def test_an_empty_list_of_cities_means_none_even_if_the_text_names_one() -> None:
    assert read("---\ncities: []\n---\nThe city of Davao.\n").cities == ()
    assert read("The city of Davao.\n").cities == ("Davao",)


def test_cities_come_from_the_title_else_from_the_text_if_it_names_one_only() -> None:
    assert read("# Dalian and Surabaya\n\nLike Davao.\n").cities == ("Dalian", "Surabaya")
    assert read("Davao and Dalian.\n").cities == ()


@pytest.mark.parametrize(
    ("matter", "line"),
    [("title: a: b", 2), ("title: ok\ncities: [Davao", 4), ("title: ok\ndate: x\nbad: 'open", 5)],
)
def test_malformed_yaml_is_an_error_that_names_the_file_and_the_line(matter: str, line: int) -> None:
    with pytest.raises(LoadError, match=rf"sub/a\.md.*line {line} of its front matter is not valid YAML"):
        read(f"---\n{matter}\n---\nText.\n", path="sub/a.md")


def test_a_value_that_yaml_cannot_make_is_an_error_that_names_the_file() -> None:
    with pytest.raises(LoadError, match=r"a\.md"):
        read("---\ntitle: T\nnumber: 0b_\n---\nText.\n")


@pytest.mark.parametrize(
    "matter", ["- a list", "just words", "title: [a, b]", "date: {a: b}", "cities: [1, 2]", "cities: {a: b}"]
)
def test_front_matter_of_the_wrong_shape_is_an_error_that_names_the_file(matter: str) -> None:
    with pytest.raises(LoadError, match=r"a\.md: .*front matter"):
        read(f"---\n{matter}\n---\nText.\n")


@pytest.mark.parametrize("matter", ["", "# a comment only", "title:", "title: ''", "unknown: x"])
def test_front_matter_that_says_nothing_leaves_the_heading_as_title(matter: str) -> None:
    assert read(f"---\n{matter}\n---\n# Heading\n\nText.\n").title == "Heading"


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2020-03-31", "2020-03-31"),
        ("2020-3-1", "2020-03-01"),
        ("2020-03-31T10:00:00Z", "2020-03-31"),
        ("2020-03-31 10:00", "2020-03-31"),
        ("2020-02", "2020-02"),
        ("2020", "2020"),
        ("'2020-02-29'", "2020-02-29"),
    ],
)
def test_a_date_in_front_matter_is_the_document_s(written: str, date: str) -> None:
    document = read(f"---\ndate: {written}\n---\nText.\n")

    assert (document.date, document.warnings) == (date, ())


@pytest.mark.parametrize(
    "written",
    [
        "2020-02-31",
        "2020-13-01",
        "2024-13-45",
        "2023-02-30",
        "'2021-02-29'",
        "0000-01-01",
        "2020-13",
        "yesterday",
        "31/03/2020",
        "20200331",
    ],
)
def test_a_date_in_front_matter_that_there_is_not_is_a_warning_and_no_date(written: str) -> None:
    document = read(f"---\ntitle: T\ndate: {written}\n---\nText.\n")

    assert (document.date, document.title, document.text) == (None, "T", "Text.")
    (warning,) = document.warnings
    assert code_of(warning) == "why_matter_date"
    assert written.strip("'") in warning


def test_a_rule_is_not_front_matter() -> None:
    assert read("Text.\n\n---\n\nMore.\n").text == "Text.\n\nMore."


@pytest.mark.parametrize("title", [r"a\ud800b", r"a\u202eb", r"a\u0000b", r"cafe\u0301"])
def test_a_title_is_as_clean_as_the_text(title: str) -> None:
    document = read(f'---\ntitle: "{title}"\n---\nText.\n')
    assert normalise(document.title) == document.title


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("# The *plan*", "The plan"),
        ("A **bold** [link](https://example.org/x), `code`", "A bold link, code"),
        (r"\*stars\* &amp; &lt;more&gt;", "*stars* & <more>"),
        ("two\nlines  \nbroken", "two lines\nbroken"),
        ("> quoted", "quoted"),
        ("* one\n* two\n  * nested", "- one\n- two\n- nested"),
        ("1. first\n2. second", "1. first\n2. second"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a | b\n1 | 2"),
        ("```\nfenced\n```", "fenced"),
        ("![image](https://example.org/i.png)", ""),
        ("Setext\n------", "Setext"),
        ("***", ""),
    ],
)
def test_markdown_becomes_what_a_reader_sees_of_it(source: str, text: str) -> None:
    blocks = ["Start.", *([text] if text else []), "End."]
    assert read(f"Start.\n\n{source}\n\nEnd.\n").text == "\n\n".join(blocks)


@pytest.mark.parametrize(
    "hidden",
    [
        "<!-- evil -->",
        "<!-- evil\n\nstill evil -->",
        "Seen <!-- evil --> here.",
        "- item <!-- evil -->\n- item",
        "<script>\nevil()\n</script>",
        "<div hidden>\nevil\n</div>",
        "[//]: # (evil)",
        "[evil]: https://example.org/evil",
        "![evil](https://example.org/evil.png 'evil')",
        "[seen](https://example.org 'evil')",
    ],
)
def test_what_no_reader_of_markdown_sees_does_not_enter_the_text(hidden: str) -> None:
    text = read(f"# Title\n\nBefore.\n\n{hidden}\n\nAfter.\n").text
    assert "evil" not in text
    assert text.startswith("Title\n\nBefore.")
    assert text.endswith("After.")


def test_a_script_inside_of_a_paragraph_does_not_enter_the_text() -> None:
    assert "evil" not in read("Seen <script>evil()</script> here.\n").text


def test_a_block_inside_of_a_list_stays_in_its_place() -> None:
    text = read("- one\n\n  ```\n  code\n  ```\n- two\n").text
    assert text.index("one") < text.index("code") < text.index("two")


def test_headings_are_sections_at_their_place_with_their_depth() -> None:
    document = read("# Top\n\nText.\n\n## Same\n\nText.\n\n## Same\n\n### *Deep*  one\n\nEnd.\n")
    assert [(s.heading, s.level) for s in document.sections] == [
        ("Top", 1), ("Same", 2), ("Same", 2), ("Deep one", 3),
    ]  # fmt: skip
    assert [s.span.cut(document.text) for s in document.sections] == [s.heading for s in document.sections]
    assert [s.span.start for s in document.sections] == sorted({s.span.start for s in document.sections})


def test_a_heading_with_invisible_characters_is_the_same_in_the_text() -> None:
    document = read("# \u2066 Hidden\n\nText.\n")
    assert document.sections[0].span.cut(document.text) == document.sections[0].heading


def test_a_page_is_its_main_text_without_navigation_scripts_comments_and_what_is_hidden() -> None:
    document = read(PAGE, path="page.html")
    assert "evil" not in document.text.casefold()
    assert "navigation" not in document.text
    assert "footer" not in document.text
    assert "The plant burns 600 tons of waste a day & makes electricity." in document.text
    assert "They wrote a plan together." in document.text
    assert "- First, the cities planned.\n- Then they built." in document.text
    assert "Year: 2017; Tons: 600" in document.text


def test_a_page_says_its_title_url_and_headings() -> None:
    document = read(PAGE, path="page.html")
    assert (document.title, document.is_titled) == ("Davao and Kitakyushu", True)
    assert document.url == "https://example.org/davao"
    assert document.cities == ("Davao",)
    assert [(s.heading, s.level) for s in document.sections] == [
        ("Davao and Kitakyushu", 1),
        ("The plant", 2),
    ]
    assert [s.span.cut(document.text) for s in document.sections] == [s.heading for s in document.sections]


@pytest.mark.parametrize(
    "attribute",
    [
        'style="display:none"',
        'style="display: none"',
        'style="visibility:hidden"',
        'aria-hidden="true"',
        "hidden",
    ],
)
def test_what_a_page_hides_does_not_enter_the_text(attribute: str) -> None:
    page = PAGE.replace('style="display:none"', attribute)
    assert page.count("Evil text") == 1
    assert "Evil text" not in read(page, path="page.html").text


def test_an_item_inside_of_an_item_is_there_once() -> None:
    page = PAGE.replace("Then they built.", "Then they built.<ul><li>Only inside.</li></ul>")
    assert read(page, path="page.html").text.count("Only inside.") == 1


def test_a_page_without_a_date_has_none() -> None:
    assert read(PAGE, path="page.html").date is None


@pytest.mark.parametrize("page", ["", "<html></html>", "<html><body><script>evil()</script></body></html>"])
def test_a_page_without_text_is_an_error_that_names_it(page: str) -> None:
    with pytest.raises(LoadError, match=r"page\.html"):
        read(page, path="page.html")


def test_plain_text_keeps_its_paragraphs_and_finds_its_headings() -> None:
    document = read("The Title\n\nFirst line\nsecond line.\n\nA Heading\n\n- item\n\nLast line", path="a.txt")
    assert document.text == "The Title\n\nFirst line\nsecond line.\n\nA Heading\n\n- item\n\nLast line"
    assert [(s.heading, s.level) for s in document.sections] == [("The Title", 1), ("A Heading", 2)]
    assert document.title == "The Title"


def test_plain_text_without_a_title_is_named_after_its_file() -> None:
    document = read("It began in 2015. It goes on.", path="sub/hai_phong-plan.txt")
    assert (document.title, document.is_titled) == ("hai phong plan", False)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "shift_jis", "euc_jp"])
def test_plain_text_is_read_in_the_encoding_it_is_in(encoding: str) -> None:
    text = "北九州市とダバオ市は、廃棄物の処理について長い間ともに働いてきた。計画は二〇一七年に作られた。"
    assert read(text.encode(encoding), path="a.txt").text == text


@pytest.mark.parametrize("path", ["a.txt", "a.md"])
def test_bytes_in_no_known_encoding_are_an_error_that_names_the_file(path: str) -> None:
    with pytest.raises(LoadError, match=rf"{path}: its text is in no encoding"):
        read(bytes(range(128, 256)), path=path)


@pytest.mark.parametrize("data", [b"", b" \r\n\t ", b"<!-- nothing -->"])
def test_a_file_without_text_is_an_error_that_names_it(data: bytes) -> None:
    with pytest.raises(LoadError, match=r"a\.md: there is no text in it"):
        read(data)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_normal_text_is_nfc_without_control_characters_and_stays_as_it_is(text: str) -> None:
    normal = normalise(text)
    assert unicodedata.is_normalized("NFC", normal)
    unwanted = {*map(chr, range(32)), *"\x7f\u2028\u2029\u202e\u2066\ufeff\ud800"} - {"\n", "\t"}
    assert unwanted.isdisjoint(normal)
    assert normalise(normal) == normal


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.text(max_size=60)), max_size=8))
def test_blocks_stand_where_the_builder_says(blocks: list[tuple[bool, str]]) -> None:
    builder = TextBuilder()
    spans = []
    for is_heading, text in blocks:
        if is_heading:
            builder.add_heading(text, level=2)
        else:
            spans.append((builder.add_block(text), normalise(text).strip()))
    for span, block in spans:
        assert (span.cut(builder.text) if span else "") == block
    assert unicodedata.is_normalized("NFC", builder.text)
    assert [s.span.cut(builder.text).strip() for s in builder.sections] == [
        s.heading.strip() for s in builder.sections
    ]


def test_a_page_starts_where_its_first_block_stands() -> None:
    builder = TextBuilder()
    builder.start_page(1)
    builder.add_block("One.")
    builder.start_page(2)
    second = builder.add_block("Two.")
    assert second is not None
    assert [(page.number, page.start) for page in builder.pages] == [(1, 0), (2, second.start)]


@pytest.mark.parametrize("path", ["a.md", "a.txt"])
@settings(deadline=None)
@given(text=st.text(max_size=200))
def test_the_text_of_any_document_is_nfc_and_its_headings_lie_in_it(path: str, text: str) -> None:
    document = read(("Start.\n\n" + text).encode("utf-8", "replace"), path=path)
    assert unicodedata.is_normalized("NFC", document.text)
    assert "\r" not in document.text
    for section in document.sections:
        assert section.span.cut(document.text).strip() == section.heading.strip()


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_document_or_a_load_error(data: bytes) -> None:
    for path in ("a.md", "a.txt"):
        with contextlib.suppress(LoadError):
            assert read(data, path=path).text.strip()


def test_a_kind_without_a_reader_is_told_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
    with pytest.raises(UnsupportedType, match=r"a\.md: pictures are not read"):
        load_document(path, corpus=tmp_path, catalogue=CATALOGUE)


@pytest.mark.parametrize("name", ["a.pdf", "a", "a.md.bak"])
def test_a_text_is_read_whatever_it_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"Text.")
    assert load_document(tmp_path / name, corpus=tmp_path, catalogue=CATALOGUE).text == "Text."


def test_a_file_is_known_by_its_path_in_the_corpus(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "A.MD"
    path.parent.mkdir()
    path.write_bytes(b"Text.")
    document = load_document(path, corpus=tmp_path, catalogue=CATALOGUE)
    assert document.path == "sub/A.MD"
    assert document.doc_id == document_id("sub/A.MD")
    assert document.sha256 == hashlib.sha256(b"Text.").hexdigest()
    assert document.version == document_version(b"Text.", path="sub/A.MD", catalogue=CATALOGUE)


def test_the_id_of_a_document_outlives_a_change_and_its_version_does_not() -> None:
    before, after = read("One."), read("Two.")
    assert before.doc_id == after.doc_id
    assert before.version != after.version


def test_a_version_changes_with_path_bytes_readers_and_cities(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = [
        document_version(b"x", path="a.md", catalogue=CATALOGUE),
        document_version(b"y", path="a.md", catalogue=CATALOGUE),
        document_version(b"x", path="b.md", catalogue=CATALOGUE),
        document_version(b"x", path="a.md", catalogue=CityCatalogue(CATALOGUE.cities[1:])),
    ]
    monkeypatch.setattr(loaders, "READER_VERSION", loaders.READER_VERSION + 1)
    versions.append(document_version(b"x", path="a.md", catalogue=CATALOGUE))
    assert len(set(versions)) == len(versions)


def test_the_files_of_a_corpus_are_found_in_order_without_settings_and_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.md", "a/c.txt", "a/d.pdf", "cities.toml", ".hidden.md", ".git/x.md", "~$open.docx"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    found = [path.relative_to(tmp_path).as_posix() for path in find_files(tmp_path)]
    assert found == ["a/c.txt", "a/d.pdf", "b.md"]


def test_a_link_that_leads_out_of_the_corpus_is_left_out(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (tmp_path / "secret.md").write_text("Secret.", encoding="utf-8")
    (corpus / "own.md").write_text("Own.", encoding="utf-8")
    (corpus / "out.md").symlink_to(tmp_path / "secret.md")
    (corpus / "inside.md").symlink_to(corpus / "own.md")
    (corpus / "broken.md").symlink_to(corpus / "nothing.md")
    assert [path.name for path in find_files(corpus)] == ["inside.md", "own.md"]


def test_a_corpus_inside_of_a_hidden_folder_is_read_all_the_same(tmp_path: Path) -> None:
    corpus = tmp_path / ".data" / "corpus"
    corpus.mkdir(parents=True)
    (corpus / "a.md").touch()
    assert [path.name for path in find_files(corpus)] == ["a.md"]


def test_a_corpus_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"missing is not a folder.*--corpus"):
        find_files(tmp_path / "missing")


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.md"
    with path.open("wb") as stream:
        os.truncate(stream.fileno(), files.MAX_FILE_BYTES + 1)
    with pytest.raises(LoadError, match=r"large\.md has 100 MiB, more than 100; split it"):
        read_bytes(path)


def test_a_file_that_cannot_be_opened_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(LoadError, match=r"folder\.md cannot be opened"):
        read_bytes(tmp_path / "folder.md")
    with pytest.raises(LoadError, match=r"gone\.md cannot be opened"):
        read_bytes(tmp_path / "gone.md")
