"""Answers that a language model is given to write, or a question to make whole."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from conftest import REPOSITORY, CountingEmbedder
from qa.config import Settings
from qa.domain import Answer, Citation, Place, Quoted, Source, Span, Statement
from qa.drafting.support import COMPARED_PREFIX
from qa.models import Models
from qa.pipeline import Pipeline
from scripted import Scripted, writer_of

QUOTES = (
    "Kitakyushu sent 67 experts to Dalian.",
    "Five loans were granted to Dalian in 2000.",
    "The composting method has spread to 20,000 households in Surabaya.",
)


def answer_of(*quotes: str, **changes: Any) -> Quoted:
    """The answer that quotes each of `quotes`."""
    citations = tuple(
        Citation(n, Source("d", "p.md", "T"), Place(Span(0, len(quote))), quote)
        for n, quote in enumerate(quotes or QUOTES, start=1)
    )
    statements = tuple(Statement(citation.quote, (citation.number,)) for citation in citations)
    question = "What was done?"
    return dataclasses.replace(
        Quoted(question, question, "en", statements=statements, citations=citations), **changes
    )


def fallback_of(answer: Answer) -> str:
    """Why `answer` is quoted, which it must be."""
    assert isinstance(answer, Quoted)
    return answer.fallback


def said(answer: Answer) -> list[tuple[str, tuple[int, ...]]]:
    return [(each.text, each.citations) for each in answer.statements]


TEXTS = {
    "surabaya.txt": "The composting method has spread to 20,000 households in Surabaya.",
    "dalian.txt": "Kitakyushu sent 67 experts to Dalian in 1996.",
    "davao.txt": "Davao signed a memorandum in November 2017.",
}


class SameEmbedder(CountingEmbedder):
    """Counts words; the words of any script but the Latin are all one to it, as to one who cannot read them."""

    def subwords(self, texts: Any) -> list[list[str]]:
        bare = [text.removeprefix(COMPARED_PREFIX) for text in texts]
        return [
            ["composting"] if not text.isascii() else words
            for text, words in zip(texts, super().subwords(bare), strict=True)
        ]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder = tmp_path_factory.mktemp("interpreter")
    (folder / "corpus").mkdir()
    for name, text in TEXTS.items():
        (folder / "corpus" / name).write_text(text, encoding="utf-8")
    settings = Settings(
        corpus_dir=folder / "corpus",
        index_dir=folder / "index",
        cities_file=REPOSITORY / "corpus" / "cities.toml",
    )
    return Pipeline.build(settings, Models(CountingEmbedder()))


QUOTE = "Kitakyushu sent 67 experts to Dalian in 1996."
HOLDS = {
    "ja": "北九州市は1996年に大連へ67人の専門家を派遣した。",
    "zh": "北九州市于1996年向大连派遣了67名专家。",
    "vi": "Thành phố Kitakyushu đã cử 67 chuyên gia đến Đại Liên vào năm 1996.",
    "id": "Kitakyushu mengirim 67 ahli ke Dalian pada tahun 1996.",
    "fil": "Nagpadala ang Kitakyushu ng 67 eksperto sa Dalian noong 1996.",
}


def piped(built: Pipeline, *replies: Scripted) -> tuple[Pipeline, list[list[BaseMessage]]]:
    writer, chat = writer_of(*replies)
    return Pipeline(built.settings, Models(SameEmbedder()), writer), chat.asked
