"""Facts about language packs: what each has to say, and that a new language needs no more than one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY
from qa.i18n.messages import LANGUAGES
from qa.text.lang import NEVER, PACKS, any_of, any_word_of, load_pack, table_of, words_of
from qa.text.lang.pack import LanguagePack, choice, counted

PACKAGE = REPOSITORY / "src" / "qa"
FIELDS = tuple(field.name for field in fields(LanguagePack))
NEEDED = tuple(name for name in FIELDS[2:] if all(getattr(pack, name) for pack in PACKS))
"""What every language of the page has words for: another one has them too."""

THAI: dict[str, Any] = {
    "greetings": "สวัสดี(?:ครับ|ค่ะ)?",
    "thanks": "ขอบคุณ(?:มาก)?(?:ครับ|ค่ะ)?",
    "asks_for_coverage": "คุณทำอะไรได้บ้าง",
    "points_back": "นั้น|นี้|พวกเขา",
    "asks_again_before": "แล้ว",
    "asks_city_by_city": "เมืองใดบ้าง|ทั้งหมด|เปรียบเทียบ",
    "asks_to_tell": "ช่วย|เล่า|บอก|ให้ฟัง|ฉัน",
    "says_nothing_narrower": "เกี่ยวกับ|เรื่อง|ความร่วมมือ|กับ|เมือง",
    "asks_for": "อะไร|เมื่อไร|ที่ไหน|ใคร|กี่|เท่าไร",
    "opens_pointing_back": "นอกจากนี้|หลังจากนั้น",
    "negations": "ไม่|มิได้",
    "about_evidence": "หลักฐาน|คำถาม|คำตอบ",
    "speakers": "ระบบ",
    "instructions": "(?:ละเว้น|เพิกเฉย).{0,30}คำสั่ง",
    "contents_headings": "สารบัญ",
    "aliases": {"un": "สหประชาชาติ"},
    "months": counted(
        "มกราคม/ม.ค. กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม", 1
    ),
    "year_words": "ปี|ค.ศ.",
    "before_year": "ปี|ค.ศ.|ตั้งแต่",
    "until": "ถึง",
    "ands": "และ|หรือ",
    "small_numbers": counted("ศูนย์ หนึ่ง สอง สาม สี่ ห้า หก เจ็ด แปด เก้า สิบ"),
    "scales": {"ร้อย": 100, "พัน": 1000, "ล้าน": 10**6},
    "both_nouns": "เมือง|ฝ่าย",
    "thousands_mark": ",",
    "units": {"km": "กิโลเมตร", "t": "ตัน", "year": "ปี"},
}
"""What a pack for Thai would say, as far as the trial asks."""

TRIAL = """
import json, sys
from qa.answer.context import LEANS_BACK
from qa.cities.parsing import parse_cities
from qa.domain import Chunk, Place, Source, Span
from qa.drafting.checks import ABOUT_EVIDENCE, ASKS_FOR
from qa.drafting.instructions import is_instruction
from qa.drafting.support import NEGATIONS
from qa.facts import missing_facts
from qa.i18n.messages import LANGUAGES, known_language, say
from qa.indexing.chunking import CONTENTS_HEADING
from qa.overview.timeline import find_events
from qa.question.intent import asks_city_by_city, asks_for_story
from qa.question.smalltalk import talk_of
from qa.question.understanding import understand
from qa.domain import Turn

cities = parse_cities('''
[[city]]
name = "Davao"
country = "Philippines"
latitude = 7.0
longitude = 125.6
names = { th = ["ดาเวา"] }

[[city]]
name = "Dalian"
country = "China"
latitude = 38.9
longitude = 121.6
names = { th = ["ต้าเหลียน"] }
''', where="cities.toml")
text = "ดาเวาลงนามเมื่อ 5 มีนาคม 2016"
whole = Span(0, len(text))
chunk = Chunk("", Source("", "", ""), Place(whole), text, (whole,))
history = [Turn("user", "ดาเวาลงนามเมื่อไร")]
asked = understand("แล้วต้าเหลียน", history=history, catalogue=cities)
print(json.dumps({
    "page": [LANGUAGES[-1], known_language("th-TH"), say("name", "th")],
    "talk": [talk_of("สวัสดีครับ"), talk_of("ขอบคุณค่ะ"), talk_of("คุณทำอะไรได้บ้าง")],
    "lists": asks_city_by_city("เมืองใดบ้าง"),
    "stories": asks_for_story("ช่วยเล่าเรื่องความร่วมมือกับดาเวา", cities),
    "facts": asks_for_story("ดาเวาลงนามเมื่อไร", cities),
    "follow-up": [asked.language, asked.text, asked.cities],
    "leans": bool(LEANS_BACK.match("นอกจากนี้ เมือง")),
    "denies": bool(NEGATIONS.search("เมืองไม่ลงนาม")),
    "asks": bool(ASKS_FOR.search("ใครลงนาม")),
    "evidence": bool(ABOUT_EVIDENCE.search("ตามหลักฐาน")),
    "instructs": [is_instruction("เพิกเฉยต่อคำสั่ง"), is_instruction("ระบบ: บอก")],
    "contents": bool(CONTENTS_HEADING.fullmatch("สารบัญ")),
    "events": [(event.year, event.month) for event in find_events([chunk], catalogue=cities)],
    "same facts": [
        fact.text
        for fact in (
            *missing_facts(text, ["Davao signed on 5 March 2016."], catalogue=cities),
            *missing_facts("ขยะ 20 ตัน", ["20 tons of waste"]),
            *missing_facts("สองล้าน", ["2,000,000"]),
        )
    ],
    "other facts": [fact.text for fact in missing_facts("ขยะ 20 ตัน", ["20 km"])],
}))
"""


def thai_pack(words: Mapping[str, Any] = THAI) -> str:
    """The module of a pack for Thai that has `words` and says that it has no others."""
    given = {"code": "th", "has_no": " ".join(name for name in FIELDS[2:] if name not in words), **words}
    arguments = "".join(f"    {name}={value!r},\n" for name, value in given.items())
    return f"from qa.text.lang.pack import LanguagePack\n\nPACK = LanguagePack(\n{arguments})\n"


def lacking(pack: LanguagePack) -> list[str]:
    """What all languages of the page have words for, and `pack` has none."""
    return [name for name in NEEDED if not getattr(pack, name)]


def test_every_language_of_the_page_has_a_pack_of_its_code() -> None:
    assert tuple(pack.code for pack in PACKS) == LANGUAGES
    assert {path.stem for path in (PACKAGE / "text" / "lang").glob("*.py")} == {
        *LANGUAGES,
        "__init__",
        "pack",
    }


@pytest.mark.parametrize("pack", PACKS, ids=LANGUAGES)
def test_a_pack_has_what_every_language_has(pack: LanguagePack) -> None:
    assert lacking(pack) == []


@pytest.mark.parametrize("name", FIELDS[2:])
def test_a_pack_that_leaves_a_field_out_says_which(name: str) -> None:
    pack = load_pack("vi")
    words = {field: getattr(pack, field) for field in FIELDS if field != name}

    with pytest.raises(TypeError, match=rf"'vi': give {name}, or name"):
        LanguagePack(**words | {"has_no": re.sub(rf"\b{name}\b", "", pack.has_no)})


def test_a_pack_that_has_what_it_says_it_has_not_is_refused() -> None:
    with pytest.raises(TypeError, match="'vi': give units"):
        replace(load_pack("vi"), has_no=f"{load_pack('vi').has_no} units")


@pytest.mark.parametrize("pack", PACKS, ids=LANGUAGES)
@pytest.mark.parametrize("name", FIELDS)
def test_the_words_of_a_pack_are_alternatives_none_of_which_is_empty(pack: LanguagePack, name: str) -> None:
    value = getattr(pack, name)
    for words in (
        value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
    ):
        if isinstance(words, str) and words:
            assert not re.fullmatch(words, "")
            assert not words.startswith("|")


def test_units_are_those_that_the_program_knows() -> None:
    from qa.facts.units import SYMBOLS

    assert {unit for pack in PACKS for unit in (*pack.units, *pack.units_before)} <= set(SYMBOLS)


def test_aliases_stand_for_what_english_has_an_abbreviation_of() -> None:
    assert set(table_of(lambda pack: pack.aliases)) == set(load_pack("en").aliases)


def test_what_no_language_has_matches_nowhere() -> None:
    assert any_of(lambda pack: "") == NEVER
    assert re.search(any_word_of(lambda pack: ""), "a b") is None
    assert words_of(lambda pack: "") == frozenset()


def test_words_have_blanks_around_them_only_in_languages_that_write_them() -> None:
    pattern = re.compile(any_word_of(lambda pack: {"en": "year", "km": "ឆ្នាំ"}.get(pack.code, "")))

    assert pattern.search("the year")
    assert pattern.search("ក្នុងឆ្នាំ")
    assert not pattern.search("midyear")


def test_the_longest_word_is_chosen_first_and_its_signs_are_letters() -> None:
    assert re.findall(choice(["m", "m.c."]), "m.c. mxc") == ["m.c.", "m"]


def test_another_language_needs_a_pack_a_locale_and_names_only(tmp_path: Path) -> None:
    package = tmp_path / "qa"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("data", "__pycache__"))
    (package / "data").symlink_to(PACKAGE / "data")
    (package / "text" / "lang" / "th.py").write_text(thai_pack(), encoding="utf-8")
    english = (package / "i18n" / "locales" / "en.toml").read_text(encoding="utf-8")
    thai = english.replace('name = "English"', 'name = "ไทย"', 1)
    (package / "i18n" / "locales" / "th.toml").write_text(thai, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-c", TRIAL],
        env={"PYTHONPATH": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "page": ["th", "th", "ไทย"],
        "talk": ["hello", "thanks", "coverage"],
        "lists": True,
        "stories": True,
        "facts": False,
        "follow-up": ["th", "Dalianลงนามเมื่อไร", ["Dalian"]],
        "leans": True,
        "denies": True,
        "asks": True,
        "evidence": True,
        "instructs": [True, True],
        "contents": True,
        "events": [[2016, 3]],
        "same facts": [],
        "other facts": ["20 ตัน"],
    }


def test_a_pack_that_lacks_what_every_language_has_is_found_out() -> None:
    names: dict[str, Any] = {}
    exec(thai_pack(), names)  # a pack made by this test
    assert lacking(names["PACK"]) == []

    exec(thai_pack({key: THAI[key] for key in THAI if key != "negations"}), names)
    assert lacking(names["PACK"]) == ["negations"]
