"""Facts about the cards of the cities: all that they should say, and nothing foreign becomes HTML."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

import pytest

from conftest import REPOSITORY
from qa.cities import City, load_cities
from qa.cities.countries import country_name, own_name
from qa.domain import Citation, Place, Source, Span
from qa.i18n.messages import LANGUAGES, say
from qa.rendering.city_cards import MAX_LISTED, chosen_html, overview_html
from qa.rendering.escaping import Html
from qa.storage.manifest import DocumentRecord
from qa.suggestions.city_briefs import Brief

CATALOGUE = load_cities(REPOSITORY / "corpus" / "cities.toml")
ATTACKS = [
    "<script>alert(1)</script>",
    "\"'><svg/onload=alert(1)>",
    "' onmouseover='alert(1)",
    "{x} {0.__class__} ${x}",
    "&lt;b&gt;",
    "\x1b[31m\u202e",
]
TAGS = set("section p div article h2 h3 h4 bdi ul li blockquote span details summary a button".split())
ATTRIBUTES = set(
    """
    lang class role id aria-labelledby dir type href download tabindex data-city data-document data-version
    data-start data-end
    """.split()
)


def city(name: str = "Surabaya") -> City:
    found = CATALOGUE.get(name)
    assert found is not None
    return found


def record(path: str = "a.md", *, title: str = "A title", date: str | None = None) -> DocumentRecord:
    return DocumentRecord(
        path=path,
        doc_id=f"id-{path}",
        title=title,
        sha256="0",
        version="1" * 32,
        chunks=1,
        characters=100,
        language="en",
        cities=("Surabaya",),
        date=date,
    )


def quote(text: str = "Waste went down.", *, title: str = "A title", number: int = 1) -> Citation:
    return Citation(
        number,
        Source("id-a.md", "a.md", title, version="1" * 32),
        Place(Span(40, 40 + len(text)), heading="Waste"),
        text,
    )


def brief(
    *, records: Sequence[DocumentRecord] = (record(),), quotes: Sequence[Citation] | None = (quote(),)
) -> Brief:
    return Brief(city(), tuple(records), None if quotes is None else tuple(quotes))


def overview(*briefs: Brief, language: str = "en") -> Html:
    return overview_html(briefs, language=language, name_city=CATALOGUE.display_name)


def chosen(*briefs: Brief, language: str = "en") -> Html:
    return chosen_html(briefs, language=language, name_city=CATALOGUE.display_name)


def parse(html: str) -> ElementTree.Element:
    """The cards as XML: what is not well formed raises."""
    return ElementTree.fromstring(html.replace(" download>", ' download="">'))


def text_of(html: str) -> str:
    return " ".join("".join(parse(html).itertext()).split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_city_is_called_as_in_the_language_of_the_page_and_in_its_own(language: str) -> None:
    for each in CATALOGUE.partners:
        heading = parse(chosen(Brief(each, (record(),), (quote(),)), language=language)).find(".//h3")
        assert heading is not None
        names = ["".join(part.itertext()) for part in heading]
        own = own_name(each)
        assert own is not None
        shown = CATALOGUE.display_name(each.name, language)
        assert names == list(dict.fromkeys([shown, own[0]]))


def test_the_card_of_a_chosen_city_has_its_facts_its_quotes_and_its_documents() -> None:
    quotes = [quote(f"Statement {number}.", number=number) for number in range(1, 4)]
    records = [record("new.md", title="Newer", date="2021-05-02"), record("old.md", title="Older")]
    html = chosen(brief(records=records, quotes=quotes))
    words = text_of(html)
    assert "Indonesia · documents: 2 · newest: 2021-05-02" in words
    assert [each.text for each in parse(html).iter("blockquote")] == [each.quote for each in quotes]
    assert words.index("Newer") < words.index("Older")
    assert [each.attrib["href"] for each in parse(html).iter("a")] == [
        "original/id-new.md",
        "original/id-old.md",
    ]
    assert [each.attrib.get("data-city") for each in parse(html).iter("button")] == [None, "Surabaya"]
    assert "Ask about Surabaya" in words


def test_each_quote_leads_to_its_place_and_each_document_to_its_start() -> None:
    places = [
        (each.attrib["data-document"], each.attrib["data-start"], each.attrib["data-end"])
        for each in parse(chosen(brief())).iter("details")
    ]
    assert places == [("id-a.md", "40", "56"), ("id-a.md", "0", "0")]


def test_a_small_card_has_the_first_quote_only() -> None:
    html = overview(brief(quotes=[quote("The first."), quote("The second.", number=2)]))
    assert [each.text for each in parse(html).iter("blockquote")] == ["The first."]
    assert "More about Surabaya" in text_of(html)
    assert not list(parse(html).iter("a"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_city_without_documents_says_so(language: str) -> None:
    name = CATALOGUE.display_name("Surabaya", language)
    empty = brief(records=(), quotes=())
    for html in (overview(empty, language=language), chosen(empty, language=language)):
        assert say("card_without", language, city=name) in text_of(html)
        assert not list(parse(html).iter("blockquote"))


def test_a_city_without_documents_cannot_be_asked_about() -> None:
    assert "city-ask" not in chosen(brief(records=(), quotes=()))


def test_a_brief_that_is_looked_for_says_so_and_one_that_was_not_found_too() -> None:
    assert "Searching the documents…" in text_of(overview(brief(quotes=None)))
    assert "Searching the documents…" in text_of(chosen(brief(quotes=None)))
    assert "No short account of Surabaya was found" in text_of(chosen(brief(quotes=())))
    assert "A title" in text_of(chosen(brief(quotes=())))


def test_a_choice_is_told_and_can_be_lifted() -> None:
    html = chosen(brief(), Brief(city("Dalian"), (), ()))
    assert "Questions are asked only about Surabaya, Dalian." in text_of(html)
    assert 'class="city-all"' in html
    assert "Questions are asked only" not in text_of(overview(brief()))


def test_the_list_of_documents_is_bounded_and_says_how_many_more_there_are() -> None:
    html = chosen(brief(records=[record(f"{number}.md") for number in range(MAX_LISTED + 3)]))
    assert len(list(parse(html).iter("a"))) == MAX_LISTED
    assert "and 3 more" in text_of(html)


def test_no_id_is_used_twice_and_each_card_is_named_by_its_heading() -> None:
    tree = parse(chosen(*(Brief(each, (record(),), (quote(),)) for each in CATALOGUE.partners)))
    ids = [each.attrib["id"] for each in tree.iter() if "id" in each.attrib]
    assert len(ids) == len(set(ids)) == 2 * len(CATALOGUE.partners)
    assert {each.attrib["aria-labelledby"] for each in tree.iter("article")} <= set(ids)


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_foreign_text_becomes_html(attack: str) -> None:
    hostile = City(attack, attack, 1.0, 2.0, names={"en": (attack,)})
    each = Brief(hostile, (record(attack, title=attack, date=attack),), (quote(attack, title=attack),))
    for html in (
        chosen_html([each], language="en", name_city=lambda name, language: name),
        overview_html([each], language="en", name_city=lambda name, language: name),
    ):
        elements = list(parse(html).iter())
        assert {element.tag for element in elements} <= TAGS
        assert {name for element in elements for name in element.attrib} <= ATTRIBUTES
        visible = "".join(character for character in attack if character not in "\x1b\u202e")
        assert visible in "".join(parse(html).itertext())


def test_a_country_is_called_as_in_the_language_of_the_page_as_far_as_is_known() -> None:
    assert country_name("Viet Nam", "ja") == country_name("Vietnam", "ja") == "ベトナム"
    assert country_name("Viet Nam", "en") == "Viet Nam"
    assert country_name("Atlantis", "ja") == "Atlantis"
    assert own_name(City("X", "Atlantis", 1.0, 2.0, names={"en": ("X",)})) is None
    assert own_name(City("X", "Cambodia", 1.0, 2.0, names={"en": ("X",)})) is None
    for each in CATALOGUE.cities:
        for language in ("ja", "zh", "km"):
            assert not country_name(each.country, language).isascii(), (each.country, language)
