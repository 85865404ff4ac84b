"""The parts of a pipeline: the models that the settings name, and the writer of answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from qa.config import Settings
from qa.llm.language_model import LanguageModel, open_language_model
from qa.search.vocabulary import background_of
from qa.text.languages import load_early

if TYPE_CHECKING:
    from qa.drafting import Writer
    from qa.drafting.drafts import Draft
    from qa.models import Models

logger = logging.getLogger(__name__)


def load_parts(settings: Settings) -> tuple[Models, Writer | None]:
    """The models that `settings` name, and the writer with the language model, if one is set.

    Raises `ModelError`; the message says what to install or to set.
    """
    from qa.models import load_models

    load_early()
    models = load_models(settings)
    model = open_language_model(settings)
    writer = writer_with(model, settings, models) if model else None
    threading.Thread(target=warm_up, args=[models], name="warming").start()
    return models, writer


def warm_up(models: Models) -> None:
    """Compute once with each model, so that the first question need not: the first computation takes longest."""
    try:
        background_of(models.embedder)
        if models.reranker:
            models.reranker.score([("?", "?")])
        if models.reader:
            models.reader.read("?", ["?"])
    except Exception:  # the first question tells of any error, and the program may be ending already
        logger.debug("the models could not be warmed up", exc_info=True)


def writer_with(
    model: LanguageModel,
    settings: Settings,
    models: Models,
    *,
    on_draft: Callable[[Draft], None] | None = None,
) -> Writer:
    """The writer of answers with `model`, which holds each sentence against its quotes with `models`."""
    from qa.drafting import Support, Writer

    return Writer(model, Support(models), on_draft=on_draft)
