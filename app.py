"""Serves the page: `python app.py`. Settings come from `qa.toml` and `QA_…` variables; see `qa.config`."""

from __future__ import annotations

import logging
import sys

from qa.config import Settings, load_settings
from qa.errors import IndexMissing, QAError
from qa.pipeline import Pipeline, open_pipeline
from qa.ui.page import launch


def main() -> None:
    """Serves the page until it is interrupted; where there is no index yet, builds it first."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    try:
        launch(_open_or_build(load_settings()), on_ready=_show)
    except QAError as error:
        sys.exit(f"error: {error}")


def _open_or_build(settings: Settings) -> Pipeline:
    from qa.models import load_embedder, load_reranker

    try:
        return open_pipeline(settings)
    except IndexMissing:
        _show(f"Reading the documents in {settings.corpus_dir}: this happens once.")
        return Pipeline.build(settings, load_embedder(settings), load_reranker(settings))


def _show(message: str) -> None:
    print(message, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
