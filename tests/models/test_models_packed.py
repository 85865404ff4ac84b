"""Facts about the packed encoder: it gives the vectors that sentence-transformers gives of the same model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from qa.config import Settings
from qa.models import Embedder, load_embedder
from qa.models.packaged import packaged_embedder_folder
from qa.models.packed import _mix, pack
from tiny_model import SENTENCES, TEXTS


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder(Settings(dtype="float32"))


@pytest.mark.model
class TestPackedEncoder:
    def test_vectors_are_those_of_sentence_transformers(self, embedder: Embedder) -> None:
        packed = embedder.encode_passages(TEXTS)
        own = embedder._encode_padded(list(TEXTS), "")
        np.testing.assert_allclose(packed, own, atol=2e-5)

    def test_questions_too(self, embedder: Embedder) -> None:
        own = embedder._encode_padded([SENTENCES[0]], "query: ")[0]
        np.testing.assert_allclose(embedder.encode_query(SENTENCES[0]), own, atol=2e-5)

    def test_a_model_that_cannot_be_packed_is_run_as_it_is(
        self, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        packed = [embedder.encode_passages(TEXTS[:4]), embedder.encode_query(TEXTS[1])]
        monkeypatch.setattr(embedder, "_packed", None)
        plain = [embedder.encode_passages(TEXTS[:4]), embedder.encode_query(TEXTS[1])]
        assert [each.shape for each in plain] == [(4, 384), (384,)]
        for one, other in zip(packed, plain, strict=True):
            np.testing.assert_allclose(one, other, atol=2e-5)

    @pytest.mark.parametrize("layers", [0, 5, 12])
    def test_a_passage_is_read_in_parts_and_then_as_a_whole(self, embedder: Embedder, layers: int) -> None:
        ids = embedder._cut(SENTENCES, "passage: ")
        third = len(ids[0]) + len(ids[1])
        passage = [*range(third, third + len(ids[2]) - 1), *range(3, len(ids[0]))]
        assert embedder._packed
        made = embedder._packed.encode_in_parts(ids, [passage], [3, 1], layers=layers)

        from sentence_transformers import SentenceTransformer

        folder = str(packaged_embedder_folder())
        model = SentenceTransformer(folder, device="cpu", local_files_only=True).float()
        bert: Any = model.transformers_model
        with torch.inference_mode():
            read = [bert(torch.tensor([each]), output_hidden_states=True).hidden_states for each in ids]
            whole = torch.cat([read[2][layers][0, :-1], read[0][layers][0, 3:]])[None]
            for layer in bert.encoder.layer[layers:]:
                whole = layer(whole)
        expected = [each[0].mean(dim=0).numpy() for each in (whole, read[3][-1], read[1][-1])]
        np.testing.assert_allclose(made, expected, atol=2e-5)

    @pytest.mark.parametrize(
        ("part", "attribute", "value"),
        [
            ("pooling", "pooling_mode", "cls"),
            ("pooling", "include_prompt", False),
            ("config", "hidden_act", "relu"),
            ("config", "is_decoder", True),
        ],
    )
    def test_what_is_computed_otherwise_is_not_packed(
        self, part: str, attribute: str, value: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(str(packaged_embedder_folder()), device="cpu", local_files_only=True)
        assert pack(model) is not None
        bert: Any = model.transformers_model
        owner = {"pooling": model[1], "config": bert.config}[part]
        monkeypatch.setattr(owner, attribute, value)
        assert pack(model) is None


class TestMixing:
    @pytest.mark.parametrize("level", [0.0, 60.0, 500.0, -500.0])
    def test_values_are_averaged_by_the_softmax_of_scores_of_any_size(self, level: float) -> None:
        chance = torch.Generator().manual_seed(1)
        scores = level + 3 * torch.randn(4, 9, 9, generator=chance)
        value = torch.randn(4, 9, 5, generator=chance)
        expected = torch.softmax(scores.double(), dim=-1) @ value.double()
        torch.testing.assert_close(_mix(scores, value).double(), expected, atol=1e-3, rtol=1e-3)

    def test_a_row_that_vanishes_beside_others_that_do_not_is_averaged_too(self) -> None:
        scores = torch.stack([torch.full((3, 3), 0.0), torch.full((3, 3), -200.0)])
        value = torch.arange(18.0).view(2, 3, 3)
        expected = value.mean(dim=1, keepdim=True).expand(2, 3, 3)
        torch.testing.assert_close(_mix(scores, value), expected)
