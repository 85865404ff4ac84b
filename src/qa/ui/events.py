"""The options that the page's events share."""

from __future__ import annotations

from typing import Any

Updates = dict[Any, Any]
"""A function's result: the change for each widget."""

PRIVATE: dict[str, Any] = {"api_visibility": "private"}
HIDDEN: dict[str, Any] = {**PRIVATE, "show_progress": "hidden"}
ONE_AT_A_TIME: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "indexing"}
"""Whatever changes the index, so that a button that is pressed twice waits."""
