"""Facts about reasons: what is said of files in every language, and kept without losing that."""

from __future__ import annotations

import ast
import copy
import dataclasses
import json
import pickle
import shutil
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fpdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import Run, folder, run
from conftest import REPOSITORY, CountingEmbedder
from inventory import OUR_ATTRIBUTES, OUR_TAGS, Inventory
from qa.config import Settings
from qa.corpus.receipts import IndexReport, Receipt
from qa.errors import IndexBusy, LoadError
from qa.i18n.messages import LANGUAGES, catalogue, format_number
from qa.i18n.reasons import (
    PREFIX,
    Reason,
    Value,
    code_of,
    from_json,
    in_language,
    map_texts,
    number_runs,
    to_json,
)
from qa.indexing.outcomes import receipt_of
from qa.indexing.run import index_corpus
from qa.models import Models
from qa.pipeline import Pipeline
from qa.rendering.documents import documents_html
from qa.rendering.receipts import report_html, report_lines
from qa.storage.locks import lock_index
from qa.storage.manifest import MANIFEST_FILE, read_manifest, read_text
from qa.ui.access.permissions import Access, Request
from qa.ui.tabs.staff import StaffWork

__all__ = ["folder", "run"]

KEYS = sorted(key for key in catalogue("en") if key.startswith(PREFIX))
OTHER_LANGUAGES = [code for code in LANGUAGES if code != "en"]
SOURCES = {path: ast.parse(path.read_text("utf-8")) for path in (REPOSITORY / "src" / "qa").rglob("*.py")}


def nodes() -> Iterator[ast.AST]:
    for tree in SOURCES.values():
        yield from ast.walk(tree)


def values_in(message: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}


def filled(key: str, value: Value = "VALUE") -> Reason:
    return Reason(key, **dict.fromkeys(values_in(catalogue("en")[key]), value))


def test_each_key_in_the_program_is_in_the_catalogues_and_each_one_there_is_used() -> None:
    named = {node.value for node in nodes() if isinstance(node, ast.Constant) and isinstance(node.value, str)}

    assert {text for text in named if text.startswith(PREFIX) and text != PREFIX} == set(KEYS)


def test_each_reason_is_given_what_its_message_tells() -> None:
    calls = [n for n in nodes() if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "Reason"]
    given = {
        (str(call.args[0].value), frozenset(str(each.arg) for each in call.keywords))
        for call in calls
        if isinstance(call.args[0], ast.Constant) and all(each.arg for each in call.keywords)
    }

    assert len(given) > 100
    assert [key for key, names in sorted(given) if names != values_in(catalogue("en")[key])] == []


@pytest.mark.parametrize("key", KEYS)
def test_a_reason_is_said_in_every_language_with_all_that_it_tells(key: str) -> None:
    reason = filled(key)
    said = {code: in_language(reason, code) for code in LANGUAGES}

    assert said["en"] == reason
    for text in said.values():
        assert "{" not in text
        assert text.count("VALUE") >= len(values_in(catalogue("en")[key]) - {"pages"})
    assert key == "why_of_file" or len(set(said.values())) == len(LANGUAGES)


@pytest.mark.parametrize("key", KEYS)
def test_reasons_end_alike_in_a_language_so_that_they_can_stand_behind_each_other(key: str) -> None:
    # Names of kinds and what is put into other messages are no sentences.
    if key.startswith(("why_kind_", "why_holder", "why_mail_part", "why_embedding", "why_of_file")):
        return
    reason = filled(key, Reason("why_password"))
    for code in ("ja", "zh", "km"):
        assert in_language(reason, code).endswith(("。", "។", "pip install '.[ocr]'", "qa index")), code
    for code in ("en", "vi", "id", "fil"):
        assert not in_language(reason, code).endswith("."), code


def test_a_reason_is_its_english_sentence() -> None:
    reason = Reason("why_slide_empty", number=3)

    assert reason == "slide 3 has no text" == str(reason) == f"{reason}"
    assert str(LoadError(reason)) == reason
    assert LoadError(reason).message is reason
    assert json.loads(json.dumps([reason])) == [reason]


def test_one_page_and_several_are_told_apart_in_english() -> None:
    assert Reason("why_pages_ocr", pages=(4,)) == "page 4 was read by OCR; check its quotes"
    many = Reason("why_pages_ocr", pages=(1, 3, 5, 6, 7))
    assert many == "pages 1, 3, 5–7 were read by OCR; check their quotes"
    assert in_language(many, "ja") == "1, 3, 5–7ページはOCRで読み取りました。引用を確認してください。"


def test_several_texts_are_listed_as_the_language_does() -> None:
    reason = Reason("why_attachments", names=("a.pdf", Reason("why_mail_part", type="image/png")))

    assert reason == "attachments were left out: a.pdf, a part of type image/png; add them as files"
    assert "a.pdf、種類がimage/pngの部分" in in_language(reason, "ja")


def test_reasons_inside_of_reasons_are_said_in_the_language_too() -> None:
    hidden = Reason("why_pages_hidden", pages=(1,))
    reason = Reason("why_no_text_because", reasons=(hidden, Reason("why_pages_wordless", pages=(1, 2))))
    whole = Reason("why_kept", reason=Reason("why_of_file", file="a.pdf", reason=reason))

    assert whole == (
        "a.pdf: there is no text in it; page 1: hidden text was left out; pages 1–2 have no text, and OCR "
        "found none in the picture; what was read of it before is kept"
    )
    assert in_language(whole, "ja") == (
        "a.pdf：文字がありません。1ページの隠し文字は除きました。 1–2ページには文字がなく、OCRでも画像から"
        "見つかりませんでした。 以前に読み取った内容は残してあります。"
    )
    assert code_of(whole) == "why_no_text_because"
    assert (code_of("plain"), code_of(hidden)) == ("", "why_pages_hidden")


@pytest.mark.parametrize(
    ("language", "number"),
    [("en", "1,234"), ("ja", "1,234"), ("zh", "1,234"), ("vi", "1.234"), ("id", "1.234"), ("fil", "1,234")],
)
def test_thousands_are_separated_as_the_language_does(language: str, number: str) -> None:
    assert number in in_language(Reason("why_too_many_pages", count=1234, limit=2000), language)


def test_seconds_have_the_decimal_sign_of_the_language() -> None:
    assert format_number(1234.56, "en", digits=1) == "1,234.6"
    assert format_number(1234.56, "km", digits=1) == "1.234,6"
    assert "3,2 giây" in report_html(IndexReport(seconds=3.2), language="vi")


def test_numbers_that_follow_each_other_are_a_range() -> None:
    assert number_runs((2, 5, 6, 7, 9, 10)) == "2, 5–7, 9–10"
    assert number_runs(()) == ""


@pytest.mark.parametrize("key", ["why_nothing_of_this", "page_title", "ask", ""])
def test_what_is_no_key_of_a_reason_is_refused(key: str) -> None:
    with pytest.raises(KeyError):
        Reason(key)


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(KeyError, match="limit"):
        Reason("why_too_many_pages", count=1)


TEXTS = st.text(max_size=30) | st.sampled_from(["{0}", "{name.__class__}", "<script>", "</p>", "&lt;", "]]>"])
VALUES = st.recursive(
    TEXTS | st.integers(0, 10**9) | st.lists(st.integers(1, 2000), max_size=5).map(tuple),
    lambda inner: (
        st.builds(lambda key, value: filled(key, value), st.sampled_from(KEYS), inner)
        | st.lists(st.builds(lambda value: filled("why_kept", value), inner) | TEXTS, max_size=3).map(tuple)
    ),
    max_leaves=3,
)
REASONS = st.builds(filled, st.sampled_from(KEYS), VALUES)


def depth_of(value: Any) -> int:
    if isinstance(value, tuple):
        return max(map(depth_of, value), default=0)
    return 1 + max(map(depth_of, value.values.values()), default=0) if isinstance(value, Reason) else 0


def same(one: str, other: str) -> bool:
    return all(in_language(one, code) == in_language(other, code) for code in LANGUAGES)


@given(REASONS.filter(lambda reason: depth_of(reason) <= 4))
def test_a_reason_outlives_json_and_pickles_in_every_language(reason: Reason) -> None:
    through_json = from_json(json.loads(json.dumps(to_json(reason))))

    assert isinstance(through_json, Reason)
    assert same(through_json, reason)
    for copied in (pickle.loads(pickle.dumps(reason)), copy.deepcopy(reason), map_texts(str, reason)):
        assert isinstance(copied, Reason)
        assert (copied.key, copied) == (reason.key, reason)
        assert same(copied, reason)


@given(REASONS, st.sampled_from(LANGUAGES))
def test_no_reason_becomes_html(reason: Reason, language: str) -> None:
    receipts = (
        Receipt(path="a.pdf", outcome="failed", message=reason),
        Receipt(path="b.pdf", outcome="added", passages=1, warnings=(reason,)),
    )
    html = report_html(IndexReport(receipts, notes=(reason,)), language=language)
    plain = report_html(IndexReport((receipts[0], receipts[1])), language=language)
    seen = Inventory(html)

    assert set(seen.tags) <= OUR_TAGS
    assert seen.attributes <= OUR_ATTRIBUTES
    assert seen.tags.count("p") == Inventory(plain).tags.count("p") + 1
    assert len(list(report_lines(IndexReport(receipts)))) == 5


def test_a_reason_that_is_too_deep_is_refused() -> None:
    reason = Reason("why_password")
    for _ in range(9):
        reason = Reason("why_kept", reason=reason)

    with pytest.raises(ValueError, match="no reason"):
        from_json(to_json(reason))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.sampled_from(KEYS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["code", "values", "text", "reason", "pages"]) | TEXTS, inner)
    ),
)


@given(JSON | st.builds(lambda key, values: {"code": key, "values": values}, st.sampled_from(KEYS), JSON))
def test_whatever_a_hostile_process_sends_is_a_text_or_refused(table: Any) -> None:
    try:
        text = from_json(table)
    except (KeyError, ValueError):
        return
    for language in LANGUAGES:
        assert isinstance(in_language(text, language), str)


def test_a_reason_of_a_newer_program_is_shown_in_its_english_words() -> None:
    table = {"code": "why_of_tomorrow", "values": {"x": 1}, "text": "it is of tomorrow"}
    assert in_language(from_json(table), "ja") == "it is of tomorrow"


# What a folder with broken files says, from the process that reads them to the page.

JAPANESE = {
    "broken.pdf": "壊れているか、PDFではありません。",
    "locked.pdf": "パスワードで保護されています。",
    "empty.txt": "文字がありません。",
    "film.mp4": "音声と映像は読み取りません。",
    "picture.pdf": "文字がありません。1ページ",
    "wrong.md": "冒頭の項目の2行目がYAMLとして正しくありません。",
}


def make_pdf(*texts: str, password: str = "") -> bytes:
    pdf = fpdf.FPDF()
    pdf.set_font("helvetica", size=12)
    if password:
        pdf.set_encryption(owner_password="owner", user_password=password)
    for text in texts:
        pdf.add_page()
        if text:
            pdf.cell(text=text)
        else:
            pdf.rect(20, 20, 100, 100, style="F")
    return bytes(pdf.output())


def make_broken_folder(corpus: Path) -> None:
    """Files that cannot be read, and `half.pdf`, which is read but for its second page."""
    corpus.mkdir(exist_ok=True)
    shutil.copy(REPOSITORY / "corpus" / "cities.toml", corpus)
    (corpus / "broken.pdf").write_bytes(b"%PDF-1.7\nno more")
    (corpus / "locked.pdf").write_bytes(make_pdf("Secret.", password="secret"))
    (corpus / "empty.txt").write_bytes(b"")
    (corpus / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(99))
    (corpus / "picture.pdf").write_bytes(make_pdf(""))
    (corpus / "wrong.md").write_text("---\ntitle: a: b\n---\nWords.", encoding="utf-8")
    (corpus / "half.pdf").write_bytes(make_pdf("Davao separates its waste.", ""))


def list_document(receipt: Receipt, *, language: str) -> str:
    return documents_html(
        [(receipt, "d", "v", None)],
        search="",
        language=language,
        name_city=lambda city, language: city,
        names_of=lambda city: [city],
    )


@pytest.mark.slow  # pages without text are looked at as pictures
def test_the_command_and_the_page_name_the_same_broken_files_each_in_its_language(
    folder: Path, run: Run
) -> None:
    make_broken_folder(folder / "corpus")
    settings = Settings(corpus_dir=folder / "corpus", index_dir=folder / "index")

    ended = run("index")
    report = json.loads(run("index", "--json").out)
    pipeline = Pipeline(settings, Models(CountingEmbedder()))
    page = StaffWork(pipeline, Access(settings)).bring_in(
        Request({"host": "localhost"}, "127.0.0.1"), "ja", (), "", lambda done, total, path: None
    )

    refused = {each["path"]: each for each in report["receipts"] if each["message"]}
    assert refused.keys() == JAPANESE.keys()
    seen = Inventory(page).text
    for path, receipt in refused.items():
        assert f"{receipt['outcome']:9} {receipt['message']}" in ended.out
        assert receipt["message"].startswith(f"{path}: ")
        assert f"{path}：{JAPANESE[path]}" in seen
        assert receipt["code"] in KEYS
    assert refused["locked.pdf"]["code"] == "why_password"
    assert "page 2 has no text" in ended.out
    for words in ("there is", "it is", "page 2", "not read", "save it", "open it"):
        assert words not in seen


@pytest.fixture(scope="module")
def half_read(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings over the index of a document whose second page has no text."""
    folder = tmp_path_factory.mktemp("half")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "half.pdf").write_bytes(make_pdf("Davao separates its waste.", ""))
    settings = Settings(
        corpus_dir=folder / "corpus",
        index_dir=folder / "index",
        cities_file=REPOSITORY / "corpus" / "cities.toml",
    )
    index_corpus(settings, CountingEmbedder())
    return settings


@pytest.mark.slow
def test_warnings_are_kept_and_listed_in_every_language(half_read: Settings) -> None:
    settings = half_read
    manifest = read_manifest(settings.index_dir)
    assert manifest is not None
    [record] = manifest.documents
    document = read_text(record.version, settings.index_dir)
    assert document is not None
    assert document.warnings == record.warnings

    [warning] = record.warnings
    assert warning.startswith("page 2 has no text")
    for language in OTHER_LANGUAGES:
        listed = Inventory(list_document(receipt_of(record, "unchanged"), language=language)).text
        assert in_language(warning, language) in listed
        assert "has no text" not in listed
    assert index_corpus(settings, CountingEmbedder()).of("unchanged")[0].warnings == record.warnings


@pytest.mark.slow
def test_warnings_that_an_older_program_kept_are_shown_as_they_are(
    half_read: Settings, tmp_path: Path
) -> None:
    shutil.copytree(half_read.index_dir, tmp_path / "index")
    settings = dataclasses.replace(half_read, index_dir=tmp_path / "index")
    kept = settings.index_dir / MANIFEST_FILE
    table = json.loads(kept.read_text("utf-8"))
    table["documents"][0]["warnings"] = ["page 2 <b> has no text"]
    kept.write_text(json.dumps(table), encoding="utf-8")

    report = index_corpus(settings, CountingEmbedder())

    [receipt] = report.of("unchanged")
    assert receipt.warnings == ("page 2 <b> has no text",)
    listed = list_document(receipt, language="ja")
    assert '<p class="warning">page 2 &lt;b&gt; has no text</p>' in listed


def test_who_holds_the_lock_is_said_in_the_page_s_language(tmp_path: Path) -> None:
    with lock_index(tmp_path), pytest.raises(IndexBusy) as caught, lock_index(tmp_path):
        pass

    assert f"{tmp_path} is being written to by process " in str(caught.value)
    said = in_language(caught.value.message, "ja")
    assert "のプロセス" in said
    assert "process" not in said


def test_a_file_that_its_message_does_not_name_is_named_as_the_language_does() -> None:
    report = IndexReport((Receipt(path="a.docx", outcome="failed", message=Reason("why_password")),))

    assert "a.docx：パスワード" in report_html(report, language="ja")
    assert "a.docx: it is protected" in report_html(report, language="en")
