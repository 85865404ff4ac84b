"""Facts about the reader: where it finds an answer, and what is kept of its weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertModel

from qa.config import Settings
from qa.domain import Span
from qa.models import Reader, load_embedder, load_reader
from qa.models.packaged import packaged_embedder_folder
from qa.models.reader import (
    LOWER_LAYERS,
    MAX_ANSWER_TOKENS,
    MAX_PASSAGE,
    PASSAGE_PREFIX,
    QUESTION_PREFIX,
    Reading,
    dequantise,
    open_net,
    quantise,
)

TEXT = "In 1999 sixty experts came. In 2001 ninety left."
WORDS = [(0, 2), (3, 7), (8, 13), (14, 21), (22, 27), (28, 30), (31, 35), (36, 42), (43, 48)]


def reading_of(starts: dict[int, float], ends: dict[int, float], nothing: float = 0.0) -> Reading:
    """A reading of `TEXT` with these logits at these words, -9 elsewhere, after a token that has no place."""
    size = len(WORDS) + 1
    first, last = np.full(size, -9, dtype=np.float32), np.full(size, -9, dtype=np.float32)
    for word, logit in starts.items():
        first[word + 1] = logit
    for word, logit in ends.items():
        last[word + 1] = logit
    places = np.array([(0, 0), *WORDS], dtype=np.int64)
    return Reading(logit=0.0, starts=first, ends=last, places=places, nothing=nothing)


def test_the_best_words_are_found_and_by_how_much_they_beat_nothing() -> None:
    reading = reading_of({1: 2.0, 6: 3.0}, {1: 2.0, 6: 1.0}, nothing=1.5)

    found = reading.find_answer(Span(0, len(TEXT)))

    assert found is not None
    score, span = found
    assert span.cut(TEXT) == "2001" or span.cut(TEXT) == "1999"
    assert (score, span.cut(TEXT)) == (2.5, "1999")


def test_only_words_inside_are_found() -> None:
    reading = reading_of({1: 5.0, 6: 1.0}, {1: 5.0, 6: 1.0})

    found = reading.find_answer(Span(28, len(TEXT)))

    assert found is not None
    assert found[1].cut(TEXT) == "2001"


def test_an_answer_does_not_end_before_it_starts() -> None:
    reading = reading_of({6: 9.0}, {1: 9.0, 7: 1.0})

    found = reading.find_answer(Span(0, len(TEXT)))

    assert found is not None
    assert found[1].cut(TEXT) == "2001 ninety"


def test_an_answer_has_no_more_than_so_many_tokens() -> None:
    size = MAX_ANSWER_TOKENS + 5
    places = np.array([(n, n + 1) for n in range(size)], dtype=np.int64)
    logits = np.zeros(size, dtype=np.float32)
    logits[0] = 5
    ends = np.zeros(size, dtype=np.float32)
    ends[-1] = 5
    reading = Reading(logit=0.0, starts=logits, ends=ends, places=places, nothing=0.0)

    found = reading.find_answer(Span(0, size))

    assert found is not None
    assert len(found[1]) <= MAX_ANSWER_TOKENS


def test_where_there_is_no_token_there_is_no_answer() -> None:
    assert reading_of({}, {}).find_answer(Span(7, 8)) is None


def test_kept_weights_are_small_and_nearly_the_same() -> None:
    torch.manual_seed(0)
    tensors = {"matrix": torch.randn(300, 200), "vector": torch.randn(300), "small": torch.randn(2, 8)}

    kept = quantise(tensors)
    again = dequantise(kept)

    assert kept["matrix.int8"].dtype == torch.int8
    assert again.keys() == tensors.keys()
    assert torch.equal(again["vector"], tensors["vector"])
    assert torch.equal(again["small"], tensors["small"])
    step = tensors["matrix"].abs().amax(dim=1, keepdim=True) / 127
    assert bool(((again["matrix"] - tensors["matrix"]).abs() <= step / 2 + 1e-6).all())


PLACE = "Water supply\n"
PASSAGE = (
    "The share of water that was lost fell from 72 per cent in 1993 to 8 per cent in 2006. "
    "Over the years Kitakyushu sent 62 experts to the waterworks. "
    "The works are led by Ek Sonn Chan and supply 1.3 million people around the clock."
)
OTHER = "Dalian is a port in the north of China with many factories, and twins with Kitakyushu since 1979."


@pytest.fixture(scope="module")
def reader() -> Reader:
    settings = Settings()
    loaded = load_reader(settings, load_embedder(settings))
    assert loaded is not None
    return loaded


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How many experts did Kitakyushu send?", "62"),
        ("北九州市は専門家を何人派遣しましたか？", "62"),
        ("北九州派出了多少名专家？", "62"),
        ("Kitakyushu đã cử bao nhiêu chuyên gia?", "62"),
        ("Berapa banyak ahli yang dikirim Kitakyushu?", "62"),
        ("Who leads the waterworks?", "Ek Sonn Chan"),
        ("Siapa yang memimpin perusahaan air minum?", "Ek Sonn Chan"),
        ("How many people get water?", "1.3 million"),
    ],
)
def test_the_words_asked_for_are_found_in_many_languages(reader: Reader, question: str, words: str) -> None:
    passage = PLACE + PASSAGE
    about, beside = reader.read(question, [passage, OTHER])

    found = about.find_answer(Span(len(PLACE), len(passage)))

    assert found is not None
    assert words in found[1].cut(passage)
    assert len(found[1]) < 30
    assert (
        about.logit > beside.logit - 0.3
    )  # 8 bits move a logit so far; of the Chinese question both are low


@pytest.mark.model
def test_what_the_passage_does_not_say_is_doubted(reader: Reader) -> None:
    said, unsaid = (
        reader.read(question, [PLACE + PASSAGE])[0].logit
        for question in ("How many experts did Kitakyushu send?", "How many experts did Tokyo send to Davao?")
    )

    assert said > unsaid


@pytest.mark.model
def test_a_pair_is_read_the_same_alone_and_among_others(reader: Reader) -> None:
    question = "How many experts did Kitakyushu send?"

    alone = reader.read(question, [PASSAGE])[0]
    among = reader.read(question, [OTHER, PASSAGE, OTHER])[1]

    assert alone.logit == among.logit
    assert np.array_equal(alone.starts, among.starts)


@pytest.mark.model
def test_anything_can_be_read(reader: Reader) -> None:
    long = "水 " * 2000
    for question, passage in [("", ""), ("?", " "), (long, long), ("\u200b", "😀")]:
        reading = reader.read(question, [passage])[0]
        assert np.isfinite(reading.logit)
        assert len(reading.starts) == len(reading.ends) == len(reading.places) <= MAX_PASSAGE
        reading.find_answer(Span(0, len(passage)))


@pytest.mark.model
def test_without_the_packaged_embedder_there_is_no_reader(reader: Reader) -> None:
    embedder = load_embedder(Settings())

    assert load_reader(Settings(reader="none"), embedder) is None
    assert load_reader(Settings(embedder="some/other-model"), embedder) is None


@pytest.mark.model
def test_packed_layers_compute_what_the_network_does(reader: Reader) -> None:
    settings = Settings(dtype="float32")
    embedder = load_embedder(settings)
    net = open_net(embedder.transformer.config)
    whole: Any = BertModel.from_pretrained(packaged_embedder_folder(), dtype=torch.float32).eval()  # type: ignore[no-untyped-call]  # torch has no types for it
    exact = load_reader(settings, embedder)
    assert exact is not None
    question = "How many experts did Kitakyushu send?"
    halves = []
    for text, prefix in ((question, QUESTION_PREFIX), (PLACE + PASSAGE, PASSAGE_PREFIX)):
        ids, _ = embedder.split(text, prefix=prefix, limit=256)
        with torch.inference_mode():
            read = whole(input_ids=torch.tensor([ids]), output_hidden_states=True)
        halves.append(read.hidden_states[LOWER_LAYERS])
    part = torch.tensor([[0] * halves[0].shape[1] + [1] * halves[1].shape[1]])
    with torch.inference_mode():
        start, _, logit, _ = net(torch.cat(halves, dim=1), part, None)

    (same,) = exact.read(question, [PLACE + PASSAGE])
    (rounded,) = reader.read(question, [PLACE + PASSAGE])

    assert same.logit == pytest.approx(float(logit), abs=0.01)
    assert same.starts == pytest.approx(start[0, halves[0].shape[1] :].numpy(), abs=0.03)
    assert rounded.logit == pytest.approx(same.logit, abs=0.5)  # in 8 bits


@pytest.mark.model
def test_a_quote_supports_what_it_says_in_any_language(reader: Reader) -> None:
    for said in (
        "Kitakyushu sent 62 experts to the waterworks.",
        "北九州市は水道局に62人の専門家を派遣した。",
        "Kitakyushu đã cử 62 chuyên gia đến nhà máy nước.",
    ):
        about, beside = reader.supports(
            said, ["Over the years Kitakyushu sent 62 experts to the waterworks.", OTHER]
        )
        assert about > beside
