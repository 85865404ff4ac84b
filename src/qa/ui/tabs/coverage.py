"""What the page shows of what the documents cover: for everybody, and made when somebody wants to see it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from qa.errors import QAError
from qa.i18n.messages import say
from qa.rendering import coverage_html, notice_html
from qa.rendering.escaping import Html

if TYPE_CHECKING:
    from qa.pipeline import Pipeline

logger = logging.getLogger(__name__)


def covered_html(pipeline: Pipeline, *, language: str) -> Html:
    """The table of cities and subjects, or a polite word where the index cannot be read."""
    try:
        library = pipeline.library
        return coverage_html(library.coverage, language=language, name_city=library.catalogue.display_name)
    except QAError as error:
        logger.warning("the table of what is covered could not be made: %s", error)
        return notice_html(say("coverage_error", language), kind="problem")
