"""The documents say all that the centre's pages say, nothing more, and not in the pages' own words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from qa.cities import CITIES_FILE, load_cities

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "corpus"
ORIGINALS = Path(__file__).parents[2] / "shared" / "originals"
"""The pages as the centre published them, where this checkout stands beside them."""
DOCUMENTS = sorted(CORPUS.glob("*.md"))
PAGE = "Activities of the Center"
COLLABORATION_PAGE = "City-to-City Collaboration between Hai Phong City in Viet Nam and City of Kitakyushu"

FACTS: dict[str, tuple[str, ...]] = {
    "centre": (
        *(
            "Kitakyushu Asia Center for Carbon Neutrality",
            "decarbonise",
            "Asian region",
            "environmental technologies",
        ),
        *("exporting", "technical cooperation", "sharing of information", "network", "other cities of Asia"),
        *("Phnom Penh (Cambodia)", "Dalian (China)", "Surabaya (Indonesia)", "Hai Phong (Viet Nam)"),
        *("Davao (Philippines)", PAGE, "general public"),
    ),
    "phnom-penh": (
        *("Cambodia", "many years", "clean water", "sending staff", "trainees from overseas", "drinkable"),
        *(
            "24-hour water supply",
            "water business overseas",
            "Kitakyushu Overseas Water Business Association",
        ),
        *(
            "focal point",
            "know-how",
            "public sector",
            "private sector",
            "proposal",
            "Hun Sen",
            "Prime Minister",
        ),
        *("visited Kitakyushu", "sister city agreement", "March 2016"),
    ),
    "dalian": (
        *(
            "China",
            "sister city",
            "over the years",
            "Dalian Environment Model Area Construction Plan",
            "survey",
        ),
        *(
            "proposed by Kitakyushu",
            "1996",
            "first case",
            "local governments",
            "Official Development Assistance",
        ),
        *(
            "(ODA)",
            "67 experts",
            "companies",
            "five loans",
            "Global 500 award",
            "(UNEP)",
            "in 1990",
            "in 2001",
        ),
        *("United Nations Environment Programme", "around the world"),
    ),
    "surabaya": (
        *("Indonesia", "developing countries", "major issue", "organic waste", "households and communities"),
        *(
            "composting method",
            "local company",
            "20,000 households",
            "reducing waste",
            "sanitation",
            "steadily",
        ),
        *("friendly relations", "Memorandum of Understanding as Green Sister Cities", "November 2012"),
    ),
    "hai-phong": (
        *("Viet Nam", "third largest city", "water authority", "technical assistance", "water treatment"),
        *("memorandum of understanding", "December 2009", "fiscal 2010 to 2012", "monitoring systems"),
        *(
            "advanced water treatment",
            "diversification of water sources",
            "organic contaminants",
            "raw water",
        ),
        *(
            "experts were sent to Hai Phong",
            "trainees came to Kitakyushu",
            "great achievements",
            "short time",
        ),
        *("domestic wastewater", "major issue", "paved the way", "advanced water purification technologies"),
        *("U-BCF", "small-scale", "Vinh Bao water treatment plant", "“5,000m/day”", "2014"),
        *("sister city agreement", "friendly exchange"),
    ),
    "davao": (
        *("Philippines", "2015", "mutual exchange", "waste disposal", "trained people", "waste management"),
        *("raise awareness", "separating waste", "among other things", "steadily deepened", "November 2017"),
        *("memorandum regarding the cooperation of environmental sister city", "low-carbon society"),
        *("resource environment mechanism", "human resources", "municipal employees", "both cities"),
        *("fields other than waste", "action plan for climate change"),
    ),
    "hai-phong-city-to-city": (
        *(
            "Viet Nam",
            "Friendship and Cooperation Agreement",
            "2009",
            "water supply and sewerage",
            "cultural",
        ),
        *(
            "economic",
            "Sister-Cities Friendship and Cooperation Relations",
            "2014",
            "comprehensive collaboration",
        ),
        *("waste management", "low-carbon technology", "Green Growth Promotion Plan of Hai Phong"),
        *(
            "15 pilot projects",
            "Centrally-Controlled Cities",
            "largest port city",
            "of the north",
            "GHG emissions",
        ),
        *(
            "industrial sector",
            "industrial city",
            "largest eco-town",
            "Japan",
            "SDGs Future City",
            "2020",
            "2050",
        ),
        *(
            "zero-carbon city",
            "intends",
            "kick-off meeting was held 2 times",
            "final workshop was held 2 times",
        ),
        *(
            "consultation meetings with local companies were held several times",
            "survey team",
            "independent survey",
        ),
        *("analysis", "photograph", "Nam Cau Kien Industrial Park", "tentative result"),
        *("solar power", "storage batteries", "long payback period", "electricity prices are low"),
        *("sunlight conditions are poor", "interest and demand are high", "cement as raw material and fuel"),
        *("could not be introduced", "ambiguous", "national standards", "industrial parks", "new needs"),
        *("water treatment and waste treatment", "further study"),
    ),
}
"""What each page says of each subject: figures, dates, names and the words that carry a statement."""

TITLES = (
    "Kitakyushu Asia Center for Carbon Neutrality",
    "Kitakyushu Overseas Water Business Association",
    "Dalian Environment Model Area Construction Plan",
    "United Nations Environment Programme (UNEP)",
    "Memorandum of Understanding as Green Sister Cities",
    "memorandum regarding the cooperation of environmental sister city",
    "Sister-Cities Friendship and Cooperation Relations",
    "Green Growth Promotion Plan of Hai Phong",
    "Vinh Bao water treatment plant",
    "Nam Cau Kien Industrial Park",
)
"""Official names, which are the same in any words."""

NUMBER_WORDS = {
    *("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "dozen"),
    *("hundred", "thousand", "million", "half", "twice", "second", "third", "fourth", "fifth"),
}
MAX_COPY_WORDS = 7


def front_matter(path: Path) -> dict[str, Any]:
    _, head, _ = path.read_text(encoding="utf-8").split("---\n", 2)
    loaded: dict[str, Any] = yaml.safe_load(head)
    return loaded


def body(path: Path) -> str:
    return path.read_text(encoding="utf-8").split("---\n", 2)[2]


def numbers(text: str) -> set[str]:
    written = {word for word in re.findall(r"[a-z]+", text.casefold()) if word in NUMBER_WORDS}
    return written | set(re.findall(r"\d+(?:[.,]\d+)*", text))


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def runs(text: str) -> set[tuple[str, ...]]:
    """All runs of one word more than may be the same; a title counts as one word."""
    for number, title in enumerate(TITLES):
        text = re.sub(r"[\W_]+".join(words(title)), f" title{number} ", text, flags=re.IGNORECASE)
    found, length = words(text), MAX_COPY_WORDS + 1
    return {tuple(found[at : at + length]) for at in range(len(found) - length + 1)}


def test_there_is_a_document_for_each_subject_of_the_pages() -> None:
    assert {path.stem for path in DOCUMENTS} >= set(FACTS)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_the_front_matter_says_what_the_document_is(path: Path) -> None:
    head = front_matter(path)
    assert head["title"]
    assert re.fullmatch("[a-z]{2,3}", head["language"])
    assert isinstance(head["cities"], list)
    assert set(head) <= {"title", "cities", "country", "date", "language", "source_title", "source_url"}
    assert body(path).lstrip().startswith(f"# {head['title']}\n")


@pytest.mark.parametrize("stem", FACTS)
def test_a_document_names_the_page_that_it_is_made_from(stem: str) -> None:
    head = front_matter(CORPUS / f"{stem}.md")
    assert head["language"] == "en"
    assert head["source_title"] == (COLLABORATION_PAGE if stem == "hai-phong-city-to-city" else PAGE)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_the_cities_of_a_document_are_partners_in_the_catalogue(path: Path) -> None:
    catalogue = load_cities(CORPUS / CITIES_FILE)
    head = front_matter(path)
    cities = [city for city in catalogue.partners if city.name in head["cities"]]
    assert len(cities) == len(head["cities"])
    assert {city.country for city in cities} == ({head["country"]} if "country" in head else set())


def test_every_partner_in_the_catalogue_has_a_document() -> None:
    catalogue = load_cities(CORPUS / CITIES_FILE)
    written = {city for path in DOCUMENTS for city in front_matter(path)["cities"]}
    assert written == {city.name for city in catalogue.partners}


@pytest.mark.parametrize(("stem", "fact"), [(stem, fact) for stem, facts in FACTS.items() for fact in facts])
def test_every_fact_of_the_pages_stands_in_its_document(stem: str, fact: str) -> None:
    assert fact.casefold() in body(CORPUS / f"{stem}.md").casefold()


@pytest.mark.parametrize("stem", FACTS)
def test_no_document_has_a_number_that_its_page_has_not(stem: str) -> None:
    assert numbers(body(CORPUS / f"{stem}.md")) == numbers(" ".join(FACTS[stem]))


def test_each_document_tells_the_first_agreement_with_hai_phong_as_its_own_page_does() -> None:
    technical, collaboration = body(CORPUS / "hai-phong.md"), body(CORPUS / "hai-phong-city-to-city.md")
    assert "Friendship" not in technical
    assert "memorandum" not in collaboration.casefold()
    assert "December" not in collaboration


@pytest.mark.parametrize("stem", FACTS)
def test_every_sentence_names_whom_it_is_about(stem: str) -> None:
    sentences = [
        line for line in body(CORPUS / f"{stem}.md").splitlines() if line and not line.startswith("#")
    ]
    assert all(line.endswith(".") for line in sentences)
    vague = re.compile(r"^(It|They|Both cities|The two cities|This|These|He|She)\b|\bthe two cities\b")
    assert [line for line in sentences if vague.search(line)] == []


@pytest.mark.skipif(not ORIGINALS.is_dir(), reason="the pages themselves do not lie beside this checkout")
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_no_document_copies_the_pages_words(path: Path) -> None:
    pages = sorted(ORIGINALS.glob("*.txt"))
    assert pages
    copied = runs(body(path)) & {run for page in pages for run in runs(page.read_text(encoding="utf-8"))}
    assert copied == set()


@pytest.mark.skipif(not ORIGINALS.is_dir(), reason="the pages themselves do not lie beside this checkout")
def test_every_figure_of_the_pages_is_among_the_facts() -> None:
    pages = " ".join(page.read_text(encoding="utf-8") for page in sorted(ORIGINALS.glob("*.txt")))
    facts = " ".join(fact for stem in FACTS for fact in FACTS[stem])
    # The pages' "the two cities" is no figure.
    assert numbers(pages) - {"two"} == numbers(facts)
