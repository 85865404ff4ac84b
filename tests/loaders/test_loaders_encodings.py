"""Facts about encodings: texts of the region are read in whichever they were written, short ones too."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.errors import LoadError
from qa.loaders.encodings import decode, decode_page, utf16_order
from qa.loaders.html import read_html
from qa.loaders.plausibility import CANDIDATES, MIN_WEIGHT, weigh
from qa.loaders.text import read_text

TEXTS = {
    "ja": (
        "北九州市", "議事録", "ごみ処理", "カーボンニュートラル", "令和５年度　事業報告",
        "①環境局　㈱北九州　課長", "北九州市とダバオ市は、廃棄物の処理について長い間ともに働いてきた。",
        "お知らせ（2019年3月）",
    ),
    "zh": (
        "大连市", "会议纪要", "低碳城市项目", "关于召开会议的通知", "北九州市与大连市的环境合作始于1979年。",
    ),
    "zh-TW": (
        "大連市", "會議紀錄", "低碳城市專案", "臺北市政府環境保護局", "北九州市與大連市的環境合作始於1979年。",
    ),
    "vi": (
        "Hải Phòng", "Báo cáo", "Việt Nam", "Đông Á", "Kế hoạch hành động", "Bộ Tài nguyên và Môi trường",
        "Thành phố Hải Phòng và thành phố Kitakyushu hợp tác về môi trường.",
    ),
    "western": (
        "Résumé", "Le café est ouvert à l’été.", "Über uns: Größe", "¿Qué pasó? El niño comió.", "“quoted” – text",
        "São Paulo não é capital; ações", "Così è però più città", "naïve café",
    ),
    "ru": ("Москва", "ДОКЛАД", "Отчёт о проекте", "Сотрудничество между городами"),
    "ko": ("기타큐슈시", "안녕하세요", "인천시와 기타큐슈시의 환경 협력"),
}  # fmt: skip

ENCODINGS = {
    "ja": ("utf-8", "utf-8-sig", "utf-16", "utf-32", "cp932", "euc_jis_2004", "iso2022_jp_2"),
    "zh": ("utf-8", "utf-16", "gb18030"),
    "zh-TW": ("utf-8", "big5hkscs"),
    "vi": ("utf-8", "utf-16", "cp1258"),
    "western": ("utf-8", "cp1252"),
    "ru": ("koi8-r", "cp1251"),
    "ko": ("utf-8", "cp949"),
}

CASES = [
    pytest.param(text, encoding, id=f"{text[:12]}-{encoding}")
    for language, texts in TEXTS.items()
    for text in (*texts, "\r\n".join(texts * 8), f"An abstract of this report in English.\n\n{texts[-1]}")
    for encoding in ENCODINGS[language]
    if not (encoding == "iso2022_jp_2" and "①" in text)
]


def encode(text: str, encoding: str) -> bytes:
    """`text` in `encoding`; in Windows-1258, tone marks stand after their vowel."""
    if encoding != "cp1258":
        return text.encode(encoding)
    pieces = []
    for character in text:
        letter, *marks = list(unicodedata.normalize("NFD", character))
        tones = [mark for mark in marks if mark in "\u0300\u0301\u0303\u0309\u0323"]
        base = unicodedata.normalize("NFC", letter + "".join(mark for mark in marks if mark not in tones))
        pieces.append(base + "".join(tones))
    return "".join(pieces).encode(encoding)


@pytest.mark.parametrize(("text", "encoding"), CASES)
def test_a_text_is_read_in_the_encoding_it_is_in(text: str, encoding: str) -> None:
    assert unicodedata.normalize("NFC", decode(encode(text, encoding))) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("language", TEXTS)
def test_utf_16_without_a_mark_is_known_by_its_blanks_and_line_ends(language: str, encoding: str) -> None:
    text = "\n".join(TEXTS[language]) + "\n"
    assert utf16_order(text.encode(encoding))
    assert decode(text.encode(encoding)) == text


def test_numbers_in_binary_are_not_utf_16() -> None:
    generator = random.Random(7)
    for _ in range(200):
        data = b"".join(generator.randrange(2**14).to_bytes(2, "little") for _ in range(60))
        assert utf16_order(data) is None


def test_a_long_text_is_chosen_by_its_beginning_and_read_to_its_end() -> None:
    text = "北九州市の環境局は計画を発表した。\n" * 20_000 + "おわり"
    assert decode(text.encode("euc_jp")) == text


def test_utf_8_with_a_broken_byte_stays_utf_8() -> None:
    sentence = "Thành phố Hải Phòng. ".encode()
    text = decode(sentence * 20 + b"\xff" + sentence * 20)
    assert text.count("\ufffd") == 1
    assert text.count("Thành phố Hải Phòng.") == 40


def test_random_bytes_read_like_writing_in_no_encoding() -> None:
    generator = random.Random(1)
    for _ in range(100):
        data = bytes(generator.randrange(128, 256) for _ in range(200))
        for encoding in CANDIDATES:
            assert weigh(data.decode(encoding, "ignore"), encoding) < MIN_WEIGHT


def test_what_is_in_no_known_encoding_is_an_error() -> None:
    with pytest.raises(LoadError, match="in no encoding that we know; save it as UTF-8"):
        decode(bytes(range(128, 256)))


@pytest.mark.parametrize("data", [b"\xff\xfe" + b"\x00\xd8" * 50, b"\xff\xfe\0\0" + b"\xff" * 400])
def test_a_mark_that_does_not_hold_is_an_error(data: bytes) -> None:
    with pytest.raises(LoadError, match="and is not; save it as UTF-8"):
        decode(data)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_utf_8_is_never_taken_for_something_else_unless_its_controls_say_so(text: str) -> None:
    words = "Words. " + "".join(character for character in text if character.isprintable())
    assert decode(words.encode()) == words


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_a_load_error(data: bytes) -> None:
    for read in (decode, decode_page):
        try:
            assert isinstance(read(data), str)
        except LoadError as error:
            assert "save it as UTF-8" in str(error)  # noqa: PT017 - either is right


SENTENCES = {
    "shift_jis": "北九州市は、大連市やハイフォン市と環境の分野で協力してきた。廃棄物の処理がその中心にある。",
    "euc-jp": "北九州市は、大連市やハイフォン市と環境の分野で協力してきた。廃棄物の処理がその中心にある。",
    "iso-2022-jp": "北九州市は、大連市やハイフォン市と環境の分野で協力してきた。廃棄物の処理がその中心にある。",
    "gb2312": "北九州市与大连市在环境领域开展合作，垃圾处理是其中的重点，双方签署了协议。",
    "big5": "北九州市與大連市在環境領域開展合作，垃圾處理是其中的重點，雙方簽署了協議。",
    "windows-1258": "Thành phố Hải Phòng và Kitakyushu hợp tác về môi trường trong nhiều năm qua.",
    "utf-8": "北九州市は、大連市やハイフォン市と環境の分野で協力してきた。",
    "utf-16": "北九州市は、大連市やハイフォン市と環境の分野で協力してきた。",
}


def page(charset: str, declaration: str) -> bytes:
    text = (
        f"<!doctype html><html><head>{declaration}<title>A page</title></head><body><article><h1>A page</h1>"
        f"<p>{SENTENCES[charset]}</p><p>{SENTENCES[charset]}</p></article></body></html>"
    )
    return encode(text, "cp1258" if charset == "windows-1258" else charset)


@pytest.mark.parametrize("charset", SENTENCES)
@pytest.mark.parametrize(
    "declaration",
    [
        '<meta charset="{}">',
        "<META http-equiv=Content-Type content='text/html; charset={}'>",
        "",
        '<meta charset="iso-8859-1">',
        '<meta charset="utf-8">',
        '<meta charset="no-such-thing">',
        '<meta charset="punycode">',
    ],
)
def test_a_page_is_read_whatever_it_says_of_its_encoding(charset: str, declaration: str) -> None:
    assert SENTENCES[charset] in read_html(page(charset, declaration.format(charset))).text


def test_a_page_that_names_its_encoding_is_believed_where_the_text_alone_would_not_tell() -> None:
    data = '<meta charset="gb2312"><p>减排</p>'.encode("gb2312")
    assert "减排" in decode_page(data)


def test_an_xhtml_page_with_a_declaration_of_its_encoding_is_read() -> None:
    source = f'<?xml version="1.0" encoding="Shift_JIS"?>{page("utf-8", "").decode()}'
    assert SENTENCES["utf-8"] in read_html(source.encode("cp932")).text


def test_windows_1258_comes_out_composed() -> None:
    text = read_text(encode("Báo cáo của thành phố Hải Phòng.", "cp1258")).text
    assert text == "Báo cáo của thành phố Hải Phòng."
    assert unicodedata.is_normalized("NFC", text)
