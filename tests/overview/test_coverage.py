"""Facts about the table of what the documents cover, and about the list of what they did not answer."""

from __future__ import annotations

import datetime
import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from commands import Run, assert_is_one_error_line, folder, indexed, run, template
from conftest import REPOSITORY, CountingEmbedder
from inventory import HOSTILE, OUR_ATTRIBUTES, OUR_TAGS, Inventory
from page_server import call_endpoint, server, staff_of
from pages import Server, browser, log_in, open_page, open_staff
from qa.cities import CityCatalogue, Subject, load_cities
from qa.config import Settings
from qa.domain import Chunk, Place, Source, Span
from qa.engine.library import open_library
from qa.feedback import note_refusal
from qa.i18n.messages import LANGUAGES
from qa.indexing.run import index_corpus
from qa.models import Models
from qa.overview.coverage import Cell, Coverage, CoverageRow, survey
from qa.overview.subjects import SUBJECTS
from qa.overview.timeline import find_events
from qa.pipeline import Pipeline
from qa.rendering.coverage import coverage_html, coverage_lines, refused_html
from qa.storage.manifest import DocumentRecord
from qa.ui.access.permissions import Access, Request
from qa.ui.tabs.documents import DocumentsTab
from qa.ui.tabs.staff import StaffWork

__all__ = ["browser", "folder", "indexed", "run", "server", "template"]

CATALOGUE = load_cities(REPOSITORY / "corpus" / "cities.toml")
TODAY = datetime.date(2026, 5, 4)
TWO = (Subject("water", ("Water.",)), Subject("Floods", ("Floods.",)))
SECRET = "Why did Hanako Yamada of the Moji office resign?"


def record(name: str, *, cities: Sequence[str] = (), date: str | None = None) -> DocumentRecord:
    return DocumentRecord(
        path=f"{name}.md",
        doc_id=name,
        title=name,
        sha256="",
        version=name,
        chunks=1,
        characters=1,
        language="en",
        cities=tuple(cities),
        date=date,
    )


def chunk(doc: str, text: str, *cities: str) -> Chunk:
    span = Span(0, len(text))
    return Chunk(f"{doc}:{text}", Source(doc, f"{doc}.md", doc, cities=cities), Place(span), text, (span,))


def table_of(
    chunks: Sequence[tuple[Chunk, tuple[bool, bool]]],
    *records: DocumentRecord,
    catalogue: CityCatalogue = CATALOGUE,
) -> Coverage:
    only = [each for each, _ in chunks]
    return survey(
        only,
        records=records,
        events=find_events(only, catalogue=catalogue, this_year=TODAY.year),
        subjects=TWO,
        is_about=np.array([about for _, about in chunks], dtype=np.bool_).reshape(-1, 2),
        catalogue=catalogue,
        today=TODAY,
    )


def row_of(table: Coverage, city: str) -> CoverageRow:
    return next(row for row in table.rows if row.city == city)


def test_a_city_without_documents_is_a_row_as_well_and_home_is_none() -> None:
    table = table_of([])

    assert [row.city for row in table.rows] == [city.name for city in CATALOGUE.partners]
    assert "Kitakyushu" not in {row.city for row in table.rows}
    assert {row.total for row in table.rows} == {Cell()}
    assert {cell for row in table.rows for cell in row.cells} == {Cell()}
    assert table.most == 0


def test_a_passage_counts_for_its_city_and_each_of_its_subjects_and_in_all_even_without_one() -> None:
    table = table_of(
        [
            (chunk("a", "Pipes and dams.", "Davao"), (True, True)),
            (chunk("a", "More pipes.", "Davao"), (True, False)),
            (chunk("a", "Something else.", "Davao"), (False, False)),
        ],
        record("a", cities=["Davao"]),
        record("b", cities=["Davao", "Dalian"]),
    )

    davao = row_of(table, "Davao")
    assert [cell.passages for cell in davao.cells] == [2, 1]
    assert (davao.total.passages, davao.documents) == (3, 2)
    assert row_of(table, "Dalian").documents == 1
    assert row_of(table, "Dalian").total == Cell()
    assert table.most == 2


@pytest.mark.parametrize(
    ("date", "text", "newest"),
    [
        pytest.param(
            "2020-03-31", "It began in 2023.", "2020-03-31", id="the document's date, if it has one"
        ),
        pytest.param(None, "It began in 1996 and ended in May 2001.", "2001-05", id="else the newest named"),
        pytest.param(None, "It ran from fiscal 2010 to 2012.", "2012", id="of a range its end"),
        pytest.param(None, "It runs from 2019 to 2040.", "2019", id="unless that is to come"),
        pytest.param(None, "The goal for 2050 was set in 2020.", "2020", id="a plan is not news"),
        pytest.param(None, "In June 2026 it will open.", "", id="not even for next month"),
        pytest.param("2031-01-01", "It began in 2015.", "2015", id="no document is from the future"),
        pytest.param("soon", "It began in 2015.", "2015", id="no date at all"),
        pytest.param(None, "It began.", "", id="nothing known"),
    ],
)
def test_how_new_a_passage_is(date: str | None, text: str, newest: str) -> None:
    table = table_of([(chunk("a", text, "Davao"), (True, False))], record("a", cities=["Davao"], date=date))

    assert row_of(table, "Davao").cells == (Cell(1, newest), Cell())
    assert row_of(table, "Davao").total == Cell(1, newest)


def test_a_cell_has_the_newest_date_of_its_own_passages_only() -> None:
    table = table_of(
        [
            (chunk("a", "It began in 1999.", "Davao"), (True, False)),
            (chunk("b", "It began.", "Davao"), (True, False)),
            (chunk("c", "It began in 2024.", "Davao"), (False, True)),
        ],
        record("b", date="2015"),
    )

    assert row_of(table, "Davao").cells == (Cell(2, "2015"), Cell(1, "2024"))
    assert row_of(table, "Davao").total == Cell(3, "2024")


def test_a_passage_that_only_lists_cities_counts_for_those_that_its_document_is_about() -> None:
    listed = ("Davao", "Dalian", "Surabaya")
    table = table_of(
        [(chunk("a", "All.", *listed), (True, True)), (chunk("a", "Two.", *listed[:2]), (True, False))],
        record("a", cities=["Dalian"]),
    )

    assert row_of(table, "Dalian").total.passages == 2
    assert row_of(table, "Davao").total.passages == 1
    assert row_of(table, "Surabaya").total.passages == 0


def write_corpus(settings: Settings, *, cities: str = "") -> None:
    shutil.copy(REPOSITORY / "corpus" / "cities.toml", settings.corpus_dir)
    with (settings.corpus_dir / "cities.toml").open("a", encoding="utf-8") as stream:
        stream.write(cities)
    (settings.corpus_dir / "davao.txt").write_text(
        "Davao separates garbage since 2015. Waste disposal in Davao.", encoding="utf-8"
    )


def test_the_table_is_of_the_committed_state_and_made_once(settings: Settings) -> None:
    write_corpus(settings)
    index_corpus(settings, CountingEmbedder())
    embedder = CountingEmbedder()
    pipeline = Pipeline(settings, Models(embedder))
    assert embedder.embedded == []  # nothing is done for it before it is asked for

    table = pipeline.library.coverage

    assert table.subjects == SUBJECTS
    assert row_of(table, "Davao").total == Cell(1, "2015")
    assert row_of(table, "Davao").documents == 1
    assert pipeline.library.coverage is table
    (settings.corpus_dir / "more.txt").write_text("Dalian has clean air.", encoding="utf-8")
    index_corpus(settings, CountingEmbedder())
    assert row_of(pipeline.library.coverage, "Dalian").total.passages == 1


def test_subjects_of_the_corpus_s_own_are_the_columns_without_reading_documents_again(
    settings: Settings,
) -> None:
    write_corpus(settings)
    index_corpus(settings, CountingEmbedder())
    write_corpus(
        settings,
        cities='\n[[subject]]\nname = "Sorting"\ndescription = "Davao separates garbage since 2015."\n',
    )

    report = index_corpus(settings, CountingEmbedder())
    table = open_library(settings, Models(CountingEmbedder())).coverage

    assert [receipt.outcome for receipt in report.receipts] == ["unchanged"]
    assert [subject.name for subject in table.subjects] == ["Sorting"]
    assert row_of(table, "Davao").cells == (Cell(1, "2015"),)


def small_table(city: str = "Davao", subject: Subject = TWO[1]) -> Coverage:
    row = CoverageRow(city, (Cell(12, "2017-11"), Cell()), 3, Cell(15, "2020"))
    empty = CoverageRow("Dalian", (Cell(1), Cell()), 0, Cell())
    return Coverage((SUBJECTS[0], subject), (row, empty))


def html_of(table: Coverage, language: str = "en") -> str:
    return coverage_html(table, language=language, name_city=lambda city, language: city)


def test_the_table_has_a_caption_and_headers_and_says_where_there_is_nothing() -> None:
    html = html_of(small_table())

    assert re.findall('<th scope="col">(.*?)</th>', html) == [
        "City",
        "Water and sewerage",
        "Floods",
        "Documents",
    ]
    assert re.findall('<th scope="row"><bdi>(.*?)</bdi></th>', html) == ["Davao", "Dalian"]
    assert "<caption" in html
    assert 'role="region" tabindex="0" aria-labelledby="coverage-caption"' in html
    assert (
        '<td class="amount-3"><span class="count">12</span> <span class="newest">2017-11</span></td>' in html
    )
    assert '<td class="amount-1"><span class="count">1</span>' in html
    assert html.count('<span aria-hidden="true">–</span><span class="visually-hidden">none</span>') == 3
    assert '<td class="total"><span class="count">3</span> <span class="newest">2020</span>' in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_built_in_subjects_have_a_name_in_each_language_and_own_ones_theirs(language: str) -> None:
    own = Subject("Floods", ("Floods.",), {"ja": "水害"})
    headings = re.findall('<th scope="col">(.*?)</th>', html_of(small_table(subject=own), language))

    assert headings[2] == ("水害" if language == "ja" else "Floods")
    every = Coverage(SUBJECTS, ())
    names = re.findall('<th scope="col">(.*?)</th>', html_of(every, language))[1:-1]
    assert len(set(names)) == len(SUBJECTS)
    assert set(names).isdisjoint(subject.name for subject in SUBJECTS)


@pytest.mark.parametrize("attack", HOSTILE)
def test_names_and_questions_do_not_become_html(attack: str) -> None:
    subject = Subject(attack, (attack,))
    for html in (
        html_of(small_table(attack, subject)),
        refused_html([(1, attack, 3, attack)], language="en"),
    ):
        seen = Inventory(html)
        assert set(seen.tags) <= OUR_TAGS
        assert seen.attributes <= OUR_ATTRIBUTES
        assert seen.addresses == []


def test_refused_questions_are_listed_with_count_and_date_bounded_in_number_and_length() -> None:
    many = [(7, "why " * 600, 9, "2026-05-04T10:11:12+00:00")] * 30

    html = refused_html(many, language="en")

    assert html.count("<li>") == 20
    assert html.count("#7 · times asked: 9, last on 2026-05-04") == 20
    assert max(map(len, re.findall("<li><span[^>]*>(.*?)</span>", html))) < 500
    assert "No question" in refused_html([], language="en")


def test_the_terminal_shows_the_same_table() -> None:
    lines = list(coverage_lines(small_table("Davao\x1b[31m", Subject("Floods\x1b[2J\nx", ("F.",)))))

    assert "\x1b" not in "".join(lines)
    assert lines[0].split() == ["City", "Water", "and", "Floods[2J", "x", "Documents", "Passages"]
    assert [line.split() for line in lines[-2:]] == [
        ["Davao[31m", "12", "2017-11", "-", "3", "15", "2020"],
        ["Dalian", "1", "-", "0", "-"],
    ]


def test_the_command_prints_the_table_and_json(indexed: Path, run: Run) -> None:
    ended = run("coverage")
    printed = json.loads(run("coverage", "--json").out)

    assert ended.status == 0
    assert re.search(r"^Surabaya .* 1 +1$", ended.out, re.MULTILINE)
    assert printed["subjects"] == [subject.name for subject in SUBJECTS]
    rows = {row["city"]: row for row in printed["rows"]}
    assert rows["Surabaya"]["documents"] == 1
    assert len(rows["Surabaya"]["cells"]) == len(SUBJECTS)
    assert rows["Hai Phong"]["total"] == {"passages": 0, "newest": ""}


def test_the_command_without_an_index_is_one_line_of_error(folder: Path, run: Run) -> None:
    assert "qa index" in assert_is_one_error_line(run("coverage"))


@pytest.fixture
def pipeline(settings: Settings) -> Pipeline:
    """Over one document, with one refused question counted."""
    write_corpus(settings)
    note_refusal(SECRET, "en", settings.index_dir)
    return Pipeline.build(settings, Models(CountingEmbedder()))


LOCAL = {"host": "127.0.0.1:7860"}


@pytest.mark.parametrize(
    ("asking", "may_read"),
    [
        pytest.param(Request(LOCAL, "127.0.0.1"), True, id="at the machine"),
        pytest.param(Request(LOCAL, "203.0.113.5"), False, id="elsewhere"),
        pytest.param(Request(LOCAL | {"origin": "https://evil.example"}, "127.0.0.1"), False, id="a site"),
    ],
)
def test_refused_questions_are_shown_to_those_only_who_may_change_documents(
    pipeline: Pipeline, asking: Request, may_read: bool
) -> None:
    html = StaffWork(pipeline, Access(Settings())).list_refused(asking, "en")

    assert (SECRET in html) == may_read
    assert ("problem" in html) != may_read


def test_the_table_is_shown_in_the_language_of_the_page(pipeline: Pipeline) -> None:
    tab = DocumentsTab(pipeline, access=Access(Settings()))

    assert "Water and sewerage" in tab.show_coverage("en")
    assert "水道・下水道" in tab.show_coverage("ja")


def test_a_table_that_cannot_be_made_is_said_politely(pipeline: Pipeline) -> None:
    shutil.rmtree(pipeline.settings.index_dir)

    html = DocumentsTab(pipeline, access=Access(Settings())).show_coverage("en")

    assert "The table could not be made" in html
    assert str(pipeline.settings.index_dir) not in html


BIG = [pytest.mark.browser, pytest.mark.model, pytest.mark.server, pytest.mark.slow]


@pytest.fixture
def refusing(server: Server) -> Server:
    """The server, with a refused question counted that is not for everybody."""
    note_refusal(SECRET, "en", server.index)
    return server


class TestOnThePage:
    pytestmark = BIG

    @pytest.mark.parametrize("width", [1280, 390])
    def test_the_table_opens_and_the_page_does_not_scroll_sideways(
        self, browser: Browser, server: Server, width: int
    ) -> None:
        context = browser.new_context(viewport={"width": width, "height": 844}, locale="en-GB")
        try:
            page = open_page(context.new_page(), server.address)
            page.get_by_role("tab", name="Documents").click()
            expect(page.locator(".coverage")).to_have_count(0)
            page.locator("#coverage > button").click()
            box = page.locator(".coverage .table")
            expect(box.locator("tbody tr")).to_have_count(len(CATALOGUE.partners), timeout=60_000)
            expect(box.get_by_role("row", name="Surabaya")).to_contain_text("2012-11")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            city = box.get_by_role("rowheader", name="Hai Phong")
            before = city.bounding_box()
            box.evaluate("element => { element.scrollLeft = element.scrollWidth }")
            expect(box.locator("td.total").first).to_be_in_viewport(ratio=0.9)
            assert city.bounding_box() == before
            page.locator("#language input").click()
            page.get_by_role("option", name="日本語").click()
            expect(box.get_by_role("columnheader", name="水道・下水道")).to_be_attached()
        finally:
            context.close()

    def test_staff_read_what_was_not_answered(self, browser: Browser, refusing: Server) -> None:
        context = browser.new_context(locale="en-GB")
        try:
            page = open_page(context.new_page(), refusing.address)
            open_staff(page)
            log_in(page)
            page.locator("#refused > button").click()
            expect(page.locator(".refused li")).to_contain_text([SECRET])
            expect(page.locator(".refused li")).to_contain_text(["times asked: 1, last on 20"])
        finally:
            context.close()

    def test_what_was_not_answered_is_kept_from_programs_without_the_key(self, refusing: Server) -> None:
        answer = call_endpoint(refusing, "refused", ["en"])
        assert "Please log in on this page first." in answer
        assert "Yamada" not in answer
        assert "Yamada" in call_endpoint(refusing, "refused", ["en"], headers=staff_of(refusing))
