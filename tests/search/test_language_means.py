"""Facts about how near a question lies to each language, whatever it says."""

from __future__ import annotations

import numpy as np
import pytest

from qa.config import Settings
from qa.models import Embedder, load_embedder
from qa.search.language_means import measure_nearness

LANGUAGES = ("en", "fil", "id", "ja", "km", "th", "vi", "zh")
QUESTIONS = {
    "en": "How many households separate their waste?",
    "fil": "Ilang sambahayan ang naghihiwalay ng basura?",
    "id": "Berapa rumah tangga yang memilah sampah?",
    "ja": "ごみを分別している世帯はいくつですか。",
    "km": "តើមានគ្រួសារប៉ុន្មានដែលបំបែកសំរាម?",
    "th": "มีกี่ครัวเรือนที่แยกขยะ",
    "vi": "Có bao nhiêu hộ gia đình phân loại rác?",
    "zh": "有多少家庭对垃圾进行分类？",
}


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder(Settings())


@pytest.mark.model
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_question_is_nearer_to_its_own_language_than_to_most(embedder: Embedder, language: str) -> None:
    question = embedder.encode_query(QUESTIONS[language])

    nearness = measure_nearness(question, LANGUAGES, identity=embedder.identity)

    assert nearness[language] > np.median(list(nearness.values()))


@pytest.mark.model
def test_a_language_without_a_mean_is_as_near_as_the_others_are(embedder: Embedder) -> None:
    question = embedder.encode_query(QUESTIONS["en"])

    nearness = measure_nearness(question, ["is", *LANGUAGES], identity=embedder.identity)

    others = [nearness[language] for language in LANGUAGES]
    assert nearness["is"] == pytest.approx(np.mean(others))
    assert len(set(others)) == len(LANGUAGES)


def test_vectors_of_another_embedder_are_near_to_no_language() -> None:
    question = np.ones(3, dtype=np.float32)

    assert measure_nearness(question, ["en", "is"], identity="another") == {"en": 0.0, "is": 0.0}
