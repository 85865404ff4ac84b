"""What is asked over documents in several languages has its answer also when one language gets most passages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest

from conftest import SHARED
from office import active_sheet
from qa.config import Settings
from qa.domain import Turn
from qa.models import Models, load_models
from qa.pipeline import Pipeline

pytestmark = pytest.mark.model

ROWS = 800

WORDS = {
    "ja": (
        ("番号", "場所", "品目", "状態", "担当"),
        ("東公園", "西図書館", "南体育館", "北駐輪場", "中央広場"),
        ("木のベンチ", "案内板", "水飲み場", "街灯", "掲示板", "時計"),
        ("塗り直した", "取り替えた", "異常なし", "来月に直す"),
        ("佐藤", "鈴木", "高橋", "田中"),
    ),
    "vi": (
        ("Số", "Nơi", "Đồ vật", "Tình trạng", "Phụ trách"),
        ("Công viên Đông", "Thư viện Tây", "Nhà thi đấu Nam", "Bãi xe Bắc", "Quảng trường"),
        ("ghế gỗ", "bảng chỉ dẫn", "vòi nước uống", "đèn đường", "bảng tin", "đồng hồ"),
        ("đã sơn lại", "đã thay mới", "bình thường", "tháng sau sẽ sửa"),
        ("anh Sơn", "chị Hoa", "ông Bình", "bà Lan"),
    ),
}
"""For each language the headings of a table, and what its columns have."""

DOCUMENTS = {
    "en": "The pilot plant in Semarang treats forty tonnes of food waste a day. It opened in 2018.",
    "id": "Bank sampah di Makassar membeli botol plastik dari warga. Harganya dua ribu rupiah per kilogram.",
    "ja": "横浜の工場は廃油から燃料を作る。一年に三百トンの廃油を集めている。",
    "vi": "Nhà máy nước ở Huế dùng than hoạt tính để lọc nước. Công suất là tám nghìn mét khối mỗi ngày.",
    "zh": "苏州的社区每周二回收旧家电。去年共回收了五千台旧冰箱。",
}
QUESTIONS = (
    "How much food waste does the pilot plant in Semarang treat a day?",
    "セマランの実証施設は一日に何トンの食品廃棄物を処理しますか。",
    "Berapa harga botol plastik di bank sampah Makassar?",
    "What does the waste bank in Makassar pay for plastic bottles?",
    "横浜の工場は廃油を一年に何トン集めていますか。",
    "How many tonnes of waste oil does the factory in Yokohama collect a year?",
    "Nhà máy nước ở Huế lọc nước bằng gì?",
    "What is the capacity of the water plant in Hue?",
    "苏州的社区什么时候回收旧家电？",
    "How many old refrigerators were collected in Suzhou last year?",
    "Who is the governor of Hokkaido?",
    "Berapa tinggi menara di Osaka?",
)


@dataclass(frozen=True)
class Asking:
    """A question, and the conversation that it is asked in."""

    text: str
    history: tuple[Turn, ...] = ()


Build = Callable[[Path, Path], Pipeline]


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models(Settings())


@pytest.fixture
def build(models: Models) -> Build:
    """Gives the pipeline over a corpus, with its index in a folder."""
    return lambda corpus, index: Pipeline.build(Settings(corpus_dir=corpus, index_dir=index), models)


def add_rows(corpus: Path, language: str) -> None:
    """A workbook of `ROWS` rows in `language` that no question asks about."""
    book = openpyxl.Workbook()
    sheet = active_sheet(book)
    headings, *columns = WORDS[language]
    sheet.append(headings)
    for number in range(ROWS):
        sheet.append([number + 1, *(column[(number * 7 + number // 5) % len(column)] for column in columns)])
    book.save(corpus / "register.xlsx")


def results_of(pipeline: Pipeline, questions: Iterable[Asking]) -> list[str]:
    """For each question the document that its answer cites first; "" for a refusal."""
    answers = (pipeline.ask(each.text, history=each.history) for each in questions)
    return [answer.citations[0].source.path if answer.citations else "" for answer in answers]


def count_changed(before: list[str], after: list[str]) -> int:
    return sum(one != other for one, other in zip(before, after, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("language", WORDS)
def test_rows_in_one_language_leave_answers_from_a_mixed_corpus(
    language: str, tmp_path: Path, build: Build
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for code, text in DOCUMENTS.items():
        (corpus / f"{code}.txt").write_text(text, encoding="utf-8")
    questions = [Asking(text) for text in QUESTIONS]
    pipeline = build(corpus, tmp_path / "index")
    before = results_of(pipeline, questions)

    add_rows(corpus, language)
    pipeline.reindex()

    counts = [chunk.source.language for chunk in pipeline.library.retriever.chunks]
    assert counts.count(language) * 2 > len(counts)
    assert len(set(before)) > len(DOCUMENTS) - 1
    assert count_changed(before, results_of(pipeline, questions)) <= 1


@pytest.mark.slow
@pytest.mark.skipif(not (SHARED / "eval" / "field").is_dir(), reason="without ../shared")
def test_rows_in_one_language_leave_answers_from_the_documents_of_the_field(
    tmp_path: Path, build: Build
) -> None:
    field = SHARED / "eval" / "field"
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for path in (field / "corpus").iterdir():
        (corpus / path.name).write_bytes(path.read_bytes())
    lines = (field / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [
        Asking(line["question"], tuple(Turn(turn["role"], turn["text"]) for turn in line.get("history", ())))
        for line in map(json.loads, lines)
    ]
    pipeline = build(corpus, tmp_path / "index")
    before = results_of(pipeline, questions)

    for language in WORDS:
        add_rows(corpus, language)
        pipeline.reindex()
        assert count_changed(before, results_of(pipeline, questions)) <= 2, language
