"""A corpus of three documents with one sentence each, and the pipeline over it."""

from __future__ import annotations

from conftest import CountingEmbedder
from qa.config import Settings
from qa.models import Models
from qa.pipeline import Pipeline

DALIAN = "Kitakyushu sent 67 experts to Dalian."
SURABAYA = "The composting method has spread to 20,000 households in Surabaya."
DAVAO = "Kitakyushu and Davao concluded a memorandum in November 2017."
FIRST_ASK = "experts to Dalian Kitakyushu sent?"


def write(settings: Settings, name: str, text: str) -> None:
    (settings.corpus_dir / name).write_text(text, encoding="utf-8")


def build(settings: Settings) -> Pipeline:
    return Pipeline.build(settings, Models(CountingEmbedder()))


def build_of_three(settings: Settings) -> Pipeline:
    """The pipeline over three documents of one sentence each."""
    write(settings, "dalian.txt", DALIAN)
    write(settings, "surabaya.txt", SURABAYA)
    write(settings, "davao.txt", DAVAO)
    return build(settings)
