"""The models of an index that was made with other models than those in force, found by its embedder's identity."""

from __future__ import annotations

import ast
import dataclasses
import re

from qa.config import PACKAGED, Settings
from qa.errors import ModelError
from qa.models import load_embedder, load_reader
from qa.models.embedder import Embedder
from qa.models.reader import Reader

IDENTITY = re.compile(
    r"(?P<source>[^|]+)@[^@|]+\|query=(?P<query>.+?)\|passage=(?P<passage>.+?)(?:\|shared=\d+)?", re.DOTALL
)
"""How `Embedder.identity` is written."""


def load_identified(identity: str, settings: Settings) -> tuple[Embedder, Reader | None]:
    """The embedder of this `identity`, and the reader that goes with it.

    No hub is asked, for a file of the index must not decide on a download. Raises `ModelError` where the model is
    not on this machine.
    """
    found = IDENTITY.fullmatch(identity)
    if not found:
        raise ModelError(f"{identity} does not say which model it is")
    source = found["source"]
    if source.startswith(f"{PACKAGED}:"):
        source = PACKAGED
    elif source == "folder":  # the one that is set may be the same, with other prefixes
        source = settings.embedder
    made_with = dataclasses.replace(
        settings,
        embedder=source,
        embedder_query_prefix=_read_prefix(found["query"]),
        embedder_passage_prefix=_read_prefix(found["passage"]),
    )
    embedder = load_embedder(made_with, local_only=True)
    if embedder.identity != identity:
        raise ModelError(f"{source} is another model here: {embedder.identity}")
    return embedder, load_reader(made_with, embedder)


def _read_prefix(text: str) -> str:
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError) as error:
        raise ModelError(f"{text} is no prefix of a model") from error
