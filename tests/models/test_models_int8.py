"""Facts about linear layers in 8 bits, and about the vectors that are made with them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from qa.config import Settings
from qa.models import Embedder, int8, load_embedder
from qa.models.int8 import Int8Linear, adds_exactly
from tiny_model import SENTENCES, TEXTS

SCRIPTS = Path(__file__).parents[2] / "scripts"


def layer_of(outputs: int, inputs: int, *, biases: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A matrix, a bias and states; rows are of very different size, and one state of each far above the others."""
    chance = torch.Generator().manual_seed(outputs)
    states = torch.randn(20, inputs, generator=chance) * torch.logspace(-3, 3, 20)[:, None]
    states[:, 5] *= 20
    matrix = torch.randn(outputs, inputs, generator=chance) * torch.logspace(-2, 1, outputs)[:, None]
    return matrix, torch.randn(biases, generator=chance), states


class TestInt8Linear:
    @pytest.mark.parametrize(("outputs", "inputs", "biases"), [(48, 64, 48), (7, 1536, 7), (30, 16, 10)])
    def test_it_makes_what_a_linear_layer_makes(self, outputs: int, inputs: int, biases: int) -> None:
        matrix, bias, states = layer_of(outputs, inputs, biases=biases)
        whole = torch.cat([bias, torch.zeros(outputs - biases)])
        made, expected = Int8Linear(matrix, bias)(states), functional.linear(states, matrix, whole)
        assert made.shape == expected.shape
        # A state is off by a step at most (at the ends; else by half of one), a weight by half a step.
        low, high = states.amin(dim=1).clamp(max=0), states.amax(dim=1).clamp(min=0)
        state_step = ((high - low) / 255)[:, None]
        weight_step = (matrix.abs().amax(dim=1) / 127)[None]
        most = state_step * matrix.abs().sum(dim=1) + 0.51 * weight_step * states.abs().sum(dim=1)[:, None]
        assert ((made - expected).abs() <= most + 1e-4).all()
        typical = (
            state_step**2 * (matrix**2).sum(dim=1) + weight_step**2 * (states**2).sum(dim=1)[:, None]
        ).sqrt()
        assert ((made - expected).abs() / typical).square().mean().sqrt() < 0.5

    def test_a_row_does_not_depend_on_the_others(self) -> None:
        matrix, bias, states = layer_of(48, 64, biases=48)
        layer = Int8Linear(matrix, bias)
        together = layer(states)
        for row, state in zip(together, states, strict=True):
            assert torch.equal(layer(state[None])[0], row)

    def test_nothing_but_zeros_gives_the_bias(self) -> None:
        matrix, bias, _ = layer_of(48, 64, biases=48)
        assert torch.equal(Int8Linear(matrix, bias)(torch.zeros(2, 64)), bias.expand(2, 48))
        assert torch.equal(Int8Linear(torch.zeros(48, 64), bias)(torch.ones(2, 64)), bias.expand(2, 48))

    @pytest.mark.parametrize("sign", [1, -1])
    def test_states_of_one_sign_have_all_of_the_levels(self, sign: int) -> None:
        states = sign * torch.linspace(1, 2, 64)[None]
        made = Int8Linear(torch.eye(64), torch.zeros(64))(states)
        assert (made - states).abs().max() <= 2 / 255 / 2 + 1e-6

    def test_where_sums_lose_something_weights_are_half_as_large(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        matrix, bias, states = layer_of(48, 64, biases=48)
        monkeypatch.setattr(int8, "adds_exactly", lambda: False)
        layer = Int8Linear(matrix, bias)
        assert np.abs(layer._weights).max() == 63  # 2 × 63 × 255 is less than 2 to the 15
        expected = functional.linear(states, matrix)
        assert functional.cosine_similarity(layer(states) - bias, expected).min() > 0.998

    def test_a_processor_that_loses_something_is_found_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert adds_exactly() in (True, False)
        saturated = np.full((1, 16), 32 * (2**15 - 1), dtype=np.float32)
        monkeypatch.setattr(int8, "_multiply", lambda *_: saturated)
        assert not adds_exactly.__wrapped__()
        monkeypatch.setattr(int8, "_multiply", lambda *_: np.full((1, 16), 64 * 255 * 127, dtype=np.float32))
        assert adds_exactly.__wrapped__()

    def test_the_graph_is_what_its_script_makes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import onnx

        monkeypatch.syspath_prepend(str(SCRIPTS))
        monkeypatch.delitem(sys.modules, "make_int8_linear", raising=False)
        import make_int8_linear

        assert onnx.load(make_int8_linear.GRAPH) == make_int8_linear.make()


@pytest.fixture(scope="module")
def exact() -> Embedder:
    return load_embedder(Settings(dtype="float32"))


@pytest.fixture(scope="module")
def rounded() -> Embedder:
    return load_embedder(Settings())


@pytest.mark.model
class TestPassages:
    def test_vectors_are_almost_those_in_float32(self, exact: Embedder, rounded: Embedder) -> None:
        cosines = (exact.encode_passages(TEXTS) * rounded.encode_passages(TEXTS)).sum(axis=1)
        assert cosines.min() > 0.998
        assert cosines.max() < 1 - 1e-6, "they are not in 8 bits"

    def test_a_vector_does_not_depend_on_its_batch(self, rounded: Embedder) -> None:
        together = rounded.encode_passages(TEXTS)
        alone = np.stack([rounded.encode_passages([text])[0] for text in TEXTS])
        np.testing.assert_allclose(together, alone, atol=2e-3)

    @pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
    def test_only_as_the_setting_says(self, dtype: str) -> None:
        embedder = load_embedder(Settings(dtype=dtype))
        assert embedder._pack_for_passages() is embedder._packed

    def test_a_question_is_not_rounded(self, rounded: Embedder) -> None:
        assert rounded._packed
        plain = load_embedder(
            Settings(dtype="float32" if rounded._packed._words.dtype == torch.float32 else "bfloat16")
        )
        np.testing.assert_array_equal(rounded.encode_query(SENTENCES[0]), plain.encode_query(SENTENCES[0]))
