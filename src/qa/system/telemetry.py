"""Switches off what libraries tell their makers. `qa/__init__.py` does it before anything else can be imported.

onnxruntime reads its variable while it is imported: later is too late. The switches are those of the packages in
`requirements/run.txt` and `extras.txt`; nobody here calls the rest of their telemetry.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType

SWITCHES: Mapping[str, str] = MappingProxyType(
    {
        # onnxruntime's Linux wheels look a Microsoft host up at each start, and keep a device's id in ~/.cache.
        "ORT_DISABLE_TELEMETRY": "1",
        # Gradio tells of each page and its errors, and asks for its newest version.
        "GRADIO_ANALYTICS_ENABLED": "False",
        # It can open a tunnel for a public address, and keep runs in a bucket elsewhere.
        "GRADIO_SHARE": "False",
        "GRADIO_HISTORY_BUCKET": "",
        # huggingface_hub and its hf_xet, transformers and sentence-transformers; the hub itself is not shut off,
        # for a setting may name a model there.
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        # Chroma, its server for tests as well.
        "ANONYMIZED_TELEMETRY": "False",
        # OpenTelemetry, by which Chroma, FastAPI and Anthropic's client report to whatever address is set.
        "OTEL_SDK_DISABLED": "true",
        # LangSmith would be sent every question and passage that goes through LangChain. Each name counts alone.
        "LANGSMITH_TRACING": "false",
        "LANGSMITH_TRACING_V2": "false",
        "LANGCHAIN_TRACING": "false",
        "LANGCHAIN_TRACING_V2": "false",
        # What several programs have agreed on.
        "DO_NOT_TRACK": "1",
        "DISABLE_TELEMETRY": "1",
    }
)
"""The variables of the environment, and what each must be."""


def switch_off() -> None:
    """Set all `SWITCHES`, here and for what this process starts, whatever the environment said before.

    Overridden on purpose: it is promised (SECURITY.md) that documents and questions stay on this machine, and that
    must not hang on a variable that was set for another program.
    """
    os.environ.update(SWITCHES)
