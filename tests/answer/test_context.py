"""Facts about sentences that cannot be understood alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.answer.context import MAX_TAKEN_ALONG, extend_to_context
from qa.domain import Chunk, Place, Source, Span

OFFSET = 100
"""Where the chunk starts in its document."""


def chunk_of(*sentences: str) -> Chunk:
    """A chunk of these sentences, parted by single spaces."""
    spans, at = [], OFFSET
    for sentence in sentences:
        spans.append(Span(at, at + len(sentence)))
        at += len(sentence) + 1
    text = " ".join(sentences)
    return Chunk("c", Source("d", "d.txt", "D"), Place(Span(OFFSET, OFFSET + len(text))), text, tuple(spans))


def with_context(*sentences: str) -> str:
    """What is quoted for the last of `sentences`."""
    chunk = chunk_of(*sentences)
    return chunk.cut(extend_to_context(chunk.sentences[-1], chunk))


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        ("Kitakyushu cooperated on monitoring systems.", "During that time, experts were dispatched."),
        ("They developed a composting method.", "This method has been expanded to 20,000 households."),
        ("Composting began.", "Since then, the two cities have built a friendly relationship."),
        ("Hun Sen visited Kitakyushu.", "He proposed a sister city agreement."),
        ("Two cities met.", "“These activities” go on."),
        ("2010年度から水処理に協力した。", "その期間中、専門家が派遣された。"),
        ("スラバヤで堆肥化を進めた。", "この方法は2万世帯に広がった。"),
        ("大連は姉妹都市である。", "同市は2001年に受賞した。"),
        ("大连是友好城市。", "该市于2001年获奖。"),
        ("Surabaya membuat kompos.", "Selain itu, kedua kota menandatangani nota kesepahaman."),
        ("Surabaya membuat kompos.", "Hal ini mengurangi sampah."),
        ("Hải Phòng ký biên bản ghi nhớ.", "Sau đó, các chuyên gia đã được cử đến."),
        ("Hải Phòng ký biên bản ghi nhớ.", "Điều này đã mở đường cho hợp tác."),
        ("ភ្នំពេញមានទឹកស្អាត។", "បន្ទាប់ពីនោះ ទីក្រុងបានចុះកិច្ចព្រមព្រៀង។"),
        ("Nagsimula ang palitan noong 2015.", "Bukod dito, sinanay ang mga tao."),
    ],
)
def test_a_sentence_that_points_back_takes_the_one_before_along(before: str, sentence: str) -> None:
    assert with_context("Something else.", before, sentence) == f"{before} {sentence}"


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        ("Surabaya mengembangkan kompos.", "Metode ini menyebar ke 20.000 rumah tangga."),
        ("Surabaya phát triển cách ủ phân.", "Phương pháp này đã lan tới 20.000 hộ."),
        ("Kitakyushu and Davao exchanged people.", "The both cities deepened it through these activities."),
    ],
)
def test_a_sentence_whose_subject_points_back_takes_the_one_before_along(before: str, sentence: str) -> None:
    assert with_context("Something else.", before, sentence) == f"{before} {sentence}"


@pytest.mark.parametrize(
    "sentence",
    [
        "Kitakyushu sent 67 experts to Dalian.",
        "Thailand is not there.",
        "Theodore wrote a letter to them.",
        "Italy and Hereford have this.",
        "In 2014, the two cities concluded an agreement.",
        "北九州市は専門家を派遣した。",
        "Kota Surabaya membuat kompos.",
        "Hải Phòng là thành phố lớn.",
    ],
)
def test_a_sentence_that_stands_alone_is_quoted_alone(sentence: str) -> None:
    assert with_context("Composting began.", sentence) == sentence


def test_the_first_sentence_of_a_chunk_has_nothing_to_take_along() -> None:
    assert with_context("This method has spread.") == "This method has spread."


def test_a_chain_takes_along_so_many_sentences_and_no_more() -> None:
    sentences = ["A stone lay there.", *(f"It moved {number}." for number in range(4))]

    assert with_context(*sentences[:2]) == "A stone lay there. It moved 0."
    assert with_context(*sentences) == " ".join(sentences[-1 - MAX_TAKEN_ALONG :])


@given(
    st.lists(
        st.sampled_from(
            ["This is it.", "Dalian won.", "それは良い。", "Ini baik.", "X", "Then?", "他们来了。"]
        ),
        min_size=1,
        max_size=8,
    ),
    st.data(),
)
def test_what_is_quoted_ends_with_the_sentence_and_stays_within_the_chunk(
    sentences: list[str], data: st.DataObject
) -> None:
    chunk = chunk_of(*sentences)
    number = data.draw(st.integers(0, len(sentences) - 1))

    span = extend_to_context(chunk.sentences[number], chunk)

    assert chunk.place.span.contains(span)
    assert span.end == chunk.sentences[number].end
    taken = [sentence for sentence in chunk.sentences if span.contains(sentence)]
    assert span.start == taken[0].start
    assert len(taken) <= 1 + MAX_TAKEN_ALONG
