"""Sentences that cannot be understood alone: they take the sentence before them along."""

from __future__ import annotations

import re

from qa.domain import Chunk, Span

MAX_TAKEN_ALONG = 1
"""How many sentences are taken along at most: longer quotes bury what was asked for."""

LEANS_BACK = re.compile(
    r"""
    ^\W*(?:
      (?:this|these|those|that|it|its|they|their|them|he|she|his|her|such|both|the\ both|the\ latter|the\ former
        |the\ two\ (?:cities|sides|parties)|here|there|then|thus|therefore|hence|however|moreover|furthermore
        |since\ then|after\ that|before\ that|during\ (?:that|this)|at\ (?:that|this)\ time
        |as\ a\ result|in\ addition|in\ particular|for\ (?:example|this|that)|on\ the\ basis\ of|also
        |because\ of\ (?:this|that)|in\ (?:this|that|these|those|response)|taking\ the\ opportunity)\b
      |(?:その|それ|この|これ|そこで|また、|さらに|しかし|同(?:市|年|社|国)|両(?:市|者)|彼|彼女|当時)
      |(?:此外|此后|此後|该|這|这|它|他们|他們|两市|兩市|因此|其中|其后)
      |(?:\w+\ ){1,3}(?:ini|tersebut|này)\b
      |(?:ini|itu|hal\ (?:ini|itu)|tersebut|selain\ itu|sejak\ itu|setelah\ itu|mereka|ia|dia|kedua\ kota)\b
      |(?:điều\ này|sau\ đó|ngoài\ ra|từ\ đó|họ|nó|hai\ (?:thành\ phố|bên)|do\ đó|vì\ vậy)\b
      |(?:នេះ|នោះ|បន្ទាប់ពីនោះ|លើសពីនេះ|ពួកគេ|គាត់)
      |(?:ito|iyon|sila|bukod\ dito|dahil\ dito|pagkatapos\ nito|mula\ noon)\b
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""How a sentence opens that points back, in the languages of the page."""


def extend_to_context(span: Span, chunk: Chunk) -> Span:
    """`span`, a sentence of `chunk`, or from an earlier sentence on to its end if it leans on what is before."""
    number = chunk.sentences.index(span)
    start = number
    while (
        start > 0 and number - start < MAX_TAKEN_ALONG and LEANS_BACK.match(chunk.cut(chunk.sentences[start]))
    ):
        start -= 1
    return Span(chunk.sentences[start].start, span.end)
