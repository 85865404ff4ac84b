"""How near a question lies to the texts of each language on the whole, whatever they say.

An embedder puts texts of one language near each other (SHIFT, arXiv 2606.18801). So a question's nearness to the
mean vector of a language is in its similarity to every passage in it, and tells nothing of what the passage says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

FILE = "language_means.npz"
"""A vector for each language (ISO 639), made by `scripts/make_language_means.py`, and whose vectors they are."""

IDENTITY = "identity"
"""The name in the file for `Embedder.identity`."""


def measure_nearness(
    question: NDArray[np.float32], languages: Iterable[str], *, identity: str
) -> dict[str, float]:
    """The product of `question`, shape (d,), with the mean vector of each of `languages`.

    A language without a mean gets the mean of all products. All get 0 where `question` is the vector of another
    embedder (`identity`) than the packaged one.
    """
    means = _load_means(identity)
    products = {language: float(mean @ question) for language, mean in means.items()}
    usual = sum(products.values()) / max(len(products), 1)
    return {language: products.get(language, usual) for language in languages}


@cache
def _load_means(identity: str) -> Mapping[str, NDArray[np.float32]]:
    """Language → vector, shape (d,), of the embedder of this identity; empty if the file is another one's."""
    with resources.files("qa").joinpath("data", FILE).open("rb") as file, np.load(file) as kept:
        if str(kept[IDENTITY]) != identity:
            return {}
        return {name: kept[name].astype(np.float32) for name in kept.files if name != IDENTITY}
