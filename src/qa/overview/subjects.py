"""Which subjects a passage is about, in any language: told by the embedder, from sentences that describe them.

Documents come in many languages, so lists of words would not do. Each subject is described by sentences; their
mean vector stands for it. A sentence of a document belongs to each subject to which it is

- clearly nearer than to the built-in subjects on the whole: how near a sentence is to anything at all differs by
  language and wording by more than water differs from waste, so only the difference says something;
- clearly nearer than to everyday sentences that have nothing to do with the centre's work (`background.txt`).

A passage is about whatever one of its sentences is about: its own vector would not do, as it has the title in it,
and every title here speaks of cooperation. A passage may be about several subjects, or none.

The built-in subjects are the fields in which cities of Asia have worked together with Kitakyushu, few enough to be
the columns of a table: what the documents of the centre have headings for (water, waste, energy, the environment),
and the forms that cooperation takes (agreements, people, business). They are described in
English: the embedder compares across languages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from qa.cities.own_subjects import Subject
from qa.domain import Chunk
from qa.storage.records import Vectors

SUBJECTS = (
    Subject("water", ("Water supply and drinking water.", "Sewerage and wastewater treatment.")),
    Subject("waste", ("Waste disposal and recycling.", "Separating garbage and composting organic waste.")),
    Subject(
        "energy",
        (
            "Climate change and reducing greenhouse gas emissions.",
            "Saving energy and renewable energy such as solar power.",
        ),
    ),
    Subject(
        "environment",
        ("Environmental protection and pollution control.", "Air quality, smoke and dust from factories."),
    ),
    Subject(
        "agreements",
        (
            "A sister city agreement or memorandum between two cities.",
            "Friendly exchange and official visits between cities.",
        ),
    ),
    Subject("people", ("Training courses for staff and trainees.", "Sending experts abroad.")),
    Subject("business", ("Local companies, industry and trade.", "Investment, exports and factories.")),
)
"""The subjects of a corpus that names none of its own; the locales name them, as `subject_…`."""

STANDS_OUT = 1.6
"""How much nearer than to the built-in subjects on the whole, in standard deviations of that difference among the
everyday sentences: a measure that goes with the embedder. From 1.5 to 1.8 F1 moves by less than .03."""

IS_NEAR = 2.5
"""How much nearer than to the everyday sentences, in the same measure. From 1.5 to 3 F1 moves by less than .02."""

BATCH = 500
"""Passages that are looked at together: some 4,000 sentences, whose vectors are 6 MB."""

Encode = Callable[[str], Vectors]
Fetch = Callable[[Sequence[Chunk]], Mapping[str, Vectors]]


class SubjectFinder:
    """Tells which of some subjects a text is about, from its vector.

    `encode` gives the vector of a description, shape (d,); `background` has those of everyday sentences, shape
    (b, d). All are of unit norm.
    """

    def __init__(self, subjects: Sequence[Subject], *, encode: Encode, background: Vectors) -> None:
        self.subjects = tuple(subjects)
        self._centres = np.stack([_centre(subject, encode) for subject in subjects])
        built_in = np.stack([_centre(subject, encode) for subject in SUBJECTS])
        self._common = built_in.mean(axis=0)
        self._everyday = background.mean(axis=0)
        self._spread = float(np.std(background @ (built_in - self._common).T))

    def find(self, vectors: Vectors) -> NDArray[np.bool_]:
        """For each of `vectors`, shape (n, d), and each subject whether it is about it: shape (n, subjects)."""
        near = vectors @ self._centres.T
        stands_out = near - (vectors @ self._common)[:, np.newaxis] > STANDS_OUT * self._spread
        is_near = near - (vectors @ self._everyday)[:, np.newaxis] > IS_NEAR * self._spread
        found: NDArray[np.bool_] = stands_out & is_near
        return found

    def find_in_chunks(self, chunks: Sequence[Chunk], fetch: Fetch) -> NDArray[np.bool_]:
        """For each of `chunks` and each subject whether a sentence is about it: shape (chunks, subjects).

        `fetch` gives the vectors of the sentences of some chunks by their ids; what it lacks is about nothing.
        It is asked for `BATCH` chunks at a time, so that the memory needed does not grow with the documents.
        """
        found = np.zeros((len(chunks), len(self.subjects)), dtype=np.bool_)
        for start in range(0, len(chunks), BATCH):
            batch = chunks[start : start + BATCH]
            vectors = fetch(batch)
            for number, chunk in enumerate(batch, start=start):
                if chunk.chunk_id in vectors:
                    found[number] = self.find(vectors[chunk.chunk_id]).any(axis=0)
        return found


def _centre(subject: Subject, encode: Encode) -> Vectors:
    """The mean of a subject's descriptions, made unit: shape (d,)."""
    mean = np.mean([encode(sentence) for sentence in subject.description], axis=0)
    centre: Vectors = mean / max(float(np.linalg.norm(mean)), float(np.finfo(np.float32).tiny))
    return centre
