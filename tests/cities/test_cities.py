"""The catalogue of cities: every name is found in a sentence of its language, and ordinary words are not."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.cities import CITIES_FILE, CityCatalogue, load_cities, parse_cities, read_table
from qa.errors import ConfigError

CATALOGUE = load_cities()
PARTNERS = ("Phnom Penh", "Dalian", "Surabaya", "Hai Phong", "Davao")
LANGUAGES = ("en", "ja", "zh", "km", "id", "vi", "fil")

SENTENCES = {
    "en": "What has been done in {}'s waste field since 2015?",
    "ja": "北九州市と{}の協力はいつ始まりましたか。",
    "zh": "北九州市与{}在环境方面有哪些合作？",
    "km": "តើ{}បានសហការជាមួយគីតាគ្យូស៊ូនៅពេលណា?",
    "id": "Kapan kerja sama antara Kitakyushu dan {} dimulai?",
    "vi": "Sự hợp tác giữa Kitakyushu và {} bắt đầu khi nào?",
    "fil": "Kailan nagsimula ang kooperasyon ng Kitakyushu at {}?",
}
EVERY_NAME = [
    (city.name, language, name)
    for city in CATALOGUE.partners
    for language, names in city.names.items()
    for name in names
]

ENTRY = """
[[city]]
name = "Bandung"
country = "Indonesia"
latitude = -6.92
longitude = 107.61
[city.names]
en = ["Bandung"]
ja = ["バンドン"]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / CITIES_FILE
    path.write_text(text, encoding="utf-8")
    return path


def test_the_catalogue_has_the_five_partners_and_kitakyushu_as_home() -> None:
    assert set(PARTNERS) <= {city.name for city in CATALOGUE.partners}
    assert [city.name for city in CATALOGUE.cities if city.is_home] == ["Kitakyushu"]


@pytest.mark.parametrize("name", ["Kitakyushu", *PARTNERS])
def test_the_partners_and_home_have_names_in_all_languages(name: str) -> None:
    city = CATALOGUE.get(name)
    assert city is not None
    assert [language for language in LANGUAGES if not city.names.get(language)] == []


@pytest.mark.parametrize(("city", "language", "name"), EVERY_NAME)
def test_every_name_is_found_in_a_sentence_of_its_language(city: str, language: str, name: str) -> None:
    assert CATALOGUE.find(SENTENCES.get(language, "{}").format(name)) == (city,)


@pytest.mark.parametrize(("city", "language", "name"), EVERY_NAME)
def test_every_name_is_found_in_lower_case_and_decomposed(city: str, language: str, name: str) -> None:
    sentence = SENTENCES.get(language, "{}").format(name.lower())
    assert CATALOGUE.find(unicodedata.normalize("NFD", sentence)) == (city,)


@pytest.mark.parametrize(
    ("text", "cities"),
    [
        ("hai-phong", ("Hai Phong",)),
        ("Hải Phòng", ("Hai Phong",)),
        ("Hải Phong hay Hai Phòng", ("Hai Phong",)),
        ("HAI   PHONG", ("Hai Phong",)),
        ("Haiphong's water", ("Hai Phong",)),
        ("hai phong", ("Hai Phong",)),
        ("phnom\u00a0penh", ("Phnom Penh",)),
        ("dai lien", ("Dalian",)),
        ("Ｄａｖａｏ", ("Davao",)),
        ("ﾊｲﾌｫﾝ", ("Hai Phong",)),
        ("ភ្នំ\u200bពេញ", ("Phnom Penh",)),
        ("Surabayaのコンポスト", ("Surabaya",)),
        ("Davao and Dalian, then Davao again", ("Davao", "Dalian")),
        ("大連とハイフォン市とスラバヤ", ("Dalian", "Hai Phong", "Surabaya")),
        ("Davao City, not the province of Davao del Sur", ("Davao",)),
    ],
)
def test_spellings_of_a_name_are_equal(text: str, cities: tuple[str, ...]) -> None:
    assert CATALOGUE.find(text) == cities


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "What does Kitakyushu do in 北九州市?",
        "Hai, Phong",
        "Davao del Sur",
        "一位戴金边眼镜的老师",
        "海防艦と海防部隊",
        "大連休の予定",
        "khách sạn có hai phòng",
        "Hai phòng này rất đẹp",
        "những năm vàng son",
    ],
)
def test_other_words_name_no_city(text: str) -> None:
    assert CATALOGUE.query_cities(text) == ()


@pytest.mark.parametrize("text", ["Surabayans", "haiphongs", "Indalian", "davao2"])
def test_a_name_of_a_script_with_spaces_is_found_as_a_whole_word_only(text: str) -> None:
    assert CATALOGUE.find(text) == ()


@pytest.mark.parametrize(
    ("text", "city"),
    [
        ("composting in Surubaya", "Surabaya"),
        ("surabya's households", "Surabaya"),
        ("Pnom Pen", "Phnom Penh"),
        ("phom penh", "Phnom Penh"),
        ("Phnom Pehn", "Phnom Penh"),
        ("Da Lian", "Dalian"),
        ("Dailan", "Dalian"),
        ("Hai Fong", "Hai Phong"),
        ("Haifong", "Hai Phong"),
        ("Haiphon", "Hai Phong"),
        ("Davoa", "Davao"),
        ("Davvao", "Davao"),
    ],
)
def test_a_misspelt_name_is_found(text: str, city: str) -> None:
    assert CATALOGUE.find(text) == ()
    assert CATALOGUE.find_fuzzy(text) == (city,)
    assert CATALOGUE.query_cities(text) == (city,)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Bangkok",
            "Hanoi",
            "Ho Chi Minh City",
            "Danang",
            "Da Nang",
            "Jakarta",
            "Semarang",
            "Manila",
            "Cebu",
        ),
        *(
            "Dallas",
            "Bandung",
            "Penang",
            "Hai Duong",
            "Hải Dương",
            "Haidong",
            "Davos",
            "Danao City",
            "Darien",
        ),
        *(
            "Italian",
            "Italy",
            "happening",
            "davit",
            "David",
            "Delian",
            "dalliance",
            "Malian",
            "dailies",
            "Dalia",
        ),
        *("a note from pen and paper", "Daphne", "surveyed", "Kitakyusyu"),
        *("apa kabar kalian sekarang", "sembarangan", "jalan raya", "surabi", "perdamaian"),
        *("toi da vao trang web", "da lien he", "hai phuong phap", "hai dong", "hai duong", "đã liên hệ"),
        *("dalan", "daan", "dalawa", "dalaw", "dabarkads", "dalisay", "kababayan"),
    ],
)
def test_ordinary_words_and_other_cities_are_not_taken_for_a_misspelling(text: str) -> None:
    assert CATALOGUE.query_cities(text) == ()


def test_a_question_may_name_one_city_and_misspell_another() -> None:
    assert CATALOGUE.query_cities("Compare Surubaya and Dalian") == ("Surabaya", "Dalian")


@pytest.mark.parametrize(
    "name", ["Hai Phong", "haiphong", "Hải Phòng", "hai phòng", "HAI-PHONG", "海防市", "ハイフォン"]
)
def test_a_city_is_got_by_any_of_its_names(name: str) -> None:
    city = CATALOGUE.get(name)
    assert city is not None
    assert city.name == "Hai Phong"


@pytest.mark.parametrize("name", ["", "Hai", "Hai Phong is a port", "Hanoi"])
def test_no_city_is_got_by_anything_else(name: str) -> None:
    assert CATALOGUE.get(name) is None


def test_home_is_got_by_its_name_although_it_is_never_found() -> None:
    home = CATALOGUE.get("北九州市")
    assert home is not None
    assert home.is_home


@pytest.mark.parametrize(
    ("language", "name"),
    [("ja", "大連"), ("vi", "Đại Liên"), ("zh-TW", "大连"), ("en", "Dalian"), ("sw", "Dalian")],
)
def test_the_first_name_in_a_language_is_shown_or_else_the_english_one(language: str, name: str) -> None:
    assert CATALOGUE.display_name("Dalian", language) == name


def test_a_city_that_the_catalogue_does_not_have_is_shown_as_it_is() -> None:
    assert CATALOGUE.display_name("Bandung", "ja") == "Bandung"


FRAGMENTS = st.sampled_from(
    [name for city in CATALOGUE.cities for name in (*city.all_names(), *city.lookalikes)]
    + ["Surubaya", "pnom", "pen", "hai", "-", " ", "\u200b", "\u0301", "¨", "ﬁ", "İ"]
)


@pytest.mark.slow
@given(st.one_of(st.text(), st.lists(st.one_of(FRAGMENTS, st.text(max_size=2))).map("".join)))
def test_any_text_gives_partner_names_without_repeats(text: str) -> None:
    for found in (CATALOGUE.find(text), CATALOGUE.find_fuzzy(text), CATALOGUE.query_cities(text)):
        assert set(found) <= {city.name for city in CATALOGUE.partners}
        assert len(found) == len(set(found))
    assert set(CATALOGUE.find(text)) | set(CATALOGUE.find_fuzzy(text)) == set(CATALOGUE.query_cities(text))


@pytest.mark.parametrize(
    ("text", "blanked"),
    [
        ("Kitakyushu and Hai-Phong, then 北九州市と大連市。", "_ and _, then _と_。"),
        ("Surubaya, Hai Fong and Da Lian", "_, _ and _"),
        ("Davao del Sur has hai phòng", "Davao del Sur has hai phòng"),
        ("", ""),
    ],
)
def test_names_and_misspellings_can_be_blanked_and_nothing_else(text: str, blanked: str) -> None:
    assert CATALOGUE.blank_names(text, "_") == blanked


@pytest.mark.parametrize(
    ("text", "narrowed"),
    [
        ("Compare the memoranda of Surubaya and Davao", "Compare the memoranda of Davao"),
        (
            "Did work begin in Davao earlier than it did in Surabaya?",
            "Did work begin in Davao earlier than it did in ?",
        ),
        ("スラバヤとダバオの市長は誰？", "ダバオの市長は誰?"),
        ("Who won first, Davao or Kitakyushu?", "Who won first, Davao or Kitakyushu?"),
        ("What is compost?", "What is compost?"),
    ],
)
def test_a_question_about_several_cities_is_narrowed_to_one(text: str, narrowed: str) -> None:
    assert CATALOGUE.narrow(text, "Davao") == narrowed


@given(st.lists(st.one_of(FRAGMENTS, st.text(max_size=2))).map("".join))
def test_a_text_that_names_or_misspells_a_city_has_a_blank(text: str) -> None:
    if CATALOGUE.query_cities(text):
        assert "<>" in CATALOGUE.blank_names(text, "<>")


def test_an_entry_is_all_that_a_new_city_needs(tmp_path: Path) -> None:
    catalogue = load_cities(write(tmp_path, ENTRY))
    assert catalogue.cities[:-1] == CATALOGUE.cities
    assert catalogue.find("What is done in bandung, and 何がバンドンで?") == ("Bandung",)
    assert catalogue.find_fuzzy("Bandnug and Banddung") == ("Bandung",)
    assert catalogue.display_name("Bandung", "ja") == "バンドン"
    city = catalogue.get("Bandung")
    assert city is not None
    assert (city.country, city.latitude, city.longitude, city.is_home) == ("Indonesia", -6.92, 107.61, False)


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cities\.toml is not there; set cities_file to a table"):
        load_cities(tmp_path / CITIES_FILE)


def test_a_file_that_says_nothing_changes_nothing(tmp_path: Path) -> None:
    assert load_cities(write(tmp_path, "# None of our own yet.\n")) == CATALOGUE == load_cities()


def test_an_empty_table_has_an_empty_catalogue() -> None:
    catalogue = parse_cities("", where="here")
    assert catalogue == CityCatalogue(())
    assert catalogue.query_cities("Dalian and Surubaya") == ()


def test_a_city_takes_the_place_of_a_default_one_that_it_shares_a_name_with(tmp_path: Path) -> None:
    catalogue = load_cities(write(tmp_path, ENTRY.replace("Bandung", "Haiphong")))
    assert [city.name for city in catalogue.partners if "Hai" in city.name] == ["Haiphong"]
    assert len(catalogue.cities) == len(CATALOGUE.cities)
    assert catalogue.find("ハイフォン and バンドン") == ("Haiphong",)


def test_another_home_makes_the_default_one_a_partner(tmp_path: Path) -> None:
    catalogue = load_cities(write(tmp_path, ENTRY.replace("[city.names]", "home = true\n[city.names]")))
    assert [city.name for city in catalogue.cities if city.is_home] == ["Bandung"]
    assert "Kitakyushu" in [city.name for city in catalogue.partners]


def test_a_table_with_all_the_default_cities_stands_as_it_is(tmp_path: Path) -> None:
    own = read_table() + ENTRY
    assert read_table(write(tmp_path, own)) == own


def test_the_longest_name_claims_its_place(tmp_path: Path) -> None:
    longer = ENTRY.replace("Bandung", "New Bandung").replace("バンドン", "新バンドン")
    catalogue = load_cities(write(tmp_path, ENTRY + longer))
    assert catalogue.find("New Bandung") == ("New Bandung",)
    assert catalogue.find("新バンドンとバンドン") == ("New Bandung", "Bandung")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "Bandung"', "", r"city 1 \(no name\).*name has None; write a name"),
        ('name = "Bandung"', 'name = "--"', "write a name in quotation marks"),
        ('country = "Indonesia"', "country = 3", r"city 1 \(Bandung\).*country has 3"),
        ("latitude = -6.92", "latitude = 96.92", "latitude is 96.92; write decimal degrees from -90 to 90"),
        ("latitude = -6.92", "latitude = nan", "latitude is nan; write decimal degrees"),
        (
            "longitude = 107.61",
            'longitude = "107E"',
            "longitude is '107E'; write decimal degrees from -180 to 180",
        ),
        ("longitude = 107.61", "", "longitude is None; write decimal degrees"),
        ('en = ["Bandung"]', 'en = "Bandung"', r"names\.en is 'Bandung'; write a list of names"),
        ('en = ["Bandung"]', "en = [1]", r"names\.en has 1; write a name"),
        ("[city.names]", 'home = "yes"\n[city.names]', "home is 'yes'; write true or false"),
        ("[city.names]", 'population = "2m"\n[city.names]', "population is not a key; the keys are country"),
        ("[city.names]", 'lookalikes = ["BANDUNG"]\n[city.names]', "is a name and a lookalike of Bandung"),
        (
            '[city.names]\nen = ["Bandung"]\nja = ["バンドン"]',
            "names = 3",
            r"names must be a table; write \[city",
        ),
        ("[[city]]", "[[town]]", r"write one \[\[city\]\] table for each city"),
        ("[[city]]", "[[city", "cannot be read as TOML"),
    ],
)
def test_a_malformed_entry_is_an_error_that_names_the_file_and_what_to_write(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in ENTRY
    path = write(tmp_path, ENTRY.replace(old, new))
    with pytest.raises(ConfigError, match=message) as error:
        load_cities(path)
    assert str(path) in str(error.value)


def test_two_cities_cannot_share_a_name_nor_both_be_home(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'Bandung' is a name of Bandung and of Bandong"):
        load_cities(write(tmp_path, ENTRY + ENTRY.replace('name = "Bandung"', 'name = "Bandong"')))
    home = ENTRY.replace("[city.names]", "home = true\n[city.names]")
    with pytest.raises(ConfigError, match="more than one city has home = true"):
        load_cities(
            write(tmp_path, home + home.replace("Bandung", "Bandong").replace("バンドン", "バンドング"))
        )
