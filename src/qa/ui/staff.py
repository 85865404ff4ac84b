"""Bringing in new documents from the page: for those who know the key, and for nobody else."""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from qa.errors import QAError
from qa.messages import say
from qa.rendering import notice_html, report_html
from qa.rendering.escaping import Html

if TYPE_CHECKING:
    from qa.pipeline import Pipeline

logger = logging.getLogger(__name__)

WRONG_KEY_DELAY_S = 1.0
"""Seconds that a wrong key costs. One key is tried at a time, so guessing 128 random bits is hopeless."""


def is_key(offered: str | None, admin_key: str) -> bool:
    """True if `offered` is the key; takes equally long wherever they differ. Never true for an empty key."""
    return bool(admin_key) and hmac.compare_digest((offered or "").strip().encode(), admin_key.encode())


def reindex_html(
    pipeline: Pipeline,
    offered: str | None,
    *,
    admin_key: str,
    on_progress: Callable[[int, int, str], None],
    language: str,
) -> Html:
    """The receipt of a reindex, or a polite refusal. Nothing runs without the key.

    The check is here, in what does the work: hiding the button or the endpoint keeps nobody out.
    """
    if not is_key(offered, admin_key):
        logger.warning("somebody tried to bring in documents with a wrong key")
        time.sleep(WRONG_KEY_DELAY_S)
        return notice_html(say("staff_wrong_key", language), kind="problem")
    try:
        report = pipeline.reindex(on_progress=on_progress)
    except QAError as error:
        logger.warning("reindexing failed: %s", error)
        return notice_html(say("staff_error", language, message=error), kind="problem")
    except Exception:  # The outermost edge: staff see words, the log has the rest
        logger.exception("reindexing failed")
        return notice_html(say("staff_error_unknown", language), kind="problem")
    return report_html(report, language=language)
