"""Linear layers in 8 bits, multiplied by onnxruntime: for passages, which are many.

Each token's states have a scale of their own, and so has each output of a layer. So a vector does not depend on
the other texts of its batch. Sums are whole numbers and lose nothing. `docs/performance.md` has measurements.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from qa.models.workers import open_session

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MAX_STATE = 255
MAX_WEIGHT = 127
"""The largest whole numbers: states begin at 0, weights lie on both sides of 0."""
MAX_WEIGHT_SATURATING = 63
"""The largest weight where two products are added in 16 bits (x86 without VNNI): larger sums could overflow."""
MIN_STEP = 1e-30
"""The step of states that are all 0: no step may be 0, for states are divided by it."""


class Int8Linear:
    """`torch.nn.functional.linear`, rounded to 8 bits: (tokens, in) → (tokens, out), float32.

    Keeps no state: safe in several threads.
    """

    def __init__(self, matrix: torch.Tensor, bias: torch.Tensor) -> None:
        """`matrix` is (out, in); `bias` is that of the first outputs, the others have none."""
        most = MAX_WEIGHT if adds_exactly() else MAX_WEIGHT_SATURATING
        matrix = matrix.to(torch.float32)
        steps = (matrix.abs().amax(dim=1, keepdim=True) / most).clamp_(min=MIN_STEP)
        weights = (matrix / steps).round_()
        self._weights = np.ascontiguousarray(weights.numpy().astype(np.int8).T)
        self._steps: NDArray[np.float32] = steps[:, 0].numpy()
        self._sums = weights.sum(dim=1).mul_(steps[:, 0])
        self._bias = torch.zeros(len(matrix))
        self._bias[: len(bias)] = bias

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """`states` through the layer."""
        least = states.amin(dim=1).clamp_(max=0)
        steps = (states.amax(dim=1).clamp_(min=0) - least).div_(MAX_STATE).clamp_(min=MIN_STEP)
        zeros = (least / -steps).round_()  # the whole numbers that stand for 0
        product = _multiply(states.numpy(), steps.numpy(), zeros.numpy(), self._weights, self._steps)
        made = torch.from_numpy(product)
        torch.addcmul(self._bias, made, steps[:, None], out=made)
        return made.addr_(zeros.mul_(-steps), self._sums)


@cache
def adds_exactly() -> bool:
    """True if products of any states and weights are added without loss on this processor."""
    states = np.full((1, 64), MAX_STATE, dtype=np.float32)
    weights = np.full((64, 16), MAX_WEIGHT, dtype=np.int8)
    one = np.ones(16, dtype=np.float32)
    return bool((_multiply(states, one[:1], 0 * one[:1], weights, one) == 64 * MAX_STATE * MAX_WEIGHT).all())


def _multiply(
    states: NDArray[np.float32],
    steps: NDArray[np.float32],
    zeros: NDArray[np.float32],
    weights: NDArray[np.int8],
    weight_steps: NDArray[np.float32],
) -> NDArray[np.float32]:
    """`states`, divided by the steps of their rows, with `zeros` added, rounded, times `weights` and their steps.

    Shapes: (tokens, in), (tokens,), (tokens,), (in, out) and (out,) → (tokens, out).
    """
    product = np.empty((len(states), len(weight_steps)), dtype=np.float32)
    binding = _session().io_binding()  # it writes into `product`; by itself it would be copied there
    binding.bind_cpu_input("states", states)
    binding.bind_cpu_input("steps", steps)
    binding.bind_cpu_input("zeros", zeros.astype(np.uint8))
    binding.bind_cpu_input("weights", weights)
    binding.bind_cpu_input("weight_steps", weight_steps)
    binding.bind_output("product", "cpu", 0, np.float32, product.shape, product.ctypes.data)
    _session().run_with_iobinding(binding)
    return product


@cache
def _session() -> InferenceSession:
    """The two operations of `data/int8_linear.onnx`, which `scripts/make_int8_linear.py` has made."""
    return open_session(resources.files("qa").joinpath("data", "int8_linear.onnx").read_bytes())
