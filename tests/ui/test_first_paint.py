"""The page's title is there before any script, in the visitor's language, and the page is sent compressed."""

from __future__ import annotations

import re

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from qa.i18n.messages import LANGUAGES
from qa.rendering.escaping import Html
from qa.rendering.page_parts import header_html
from qa.storage.upgrade import Upgrade
from qa.ui.first_paint import FirstSight, early_style

PAGE = (
    '<html><head><meta property="og:title" content="Gradio" /><meta name="viewport" content="x" /></head>'
    f'<body class="b"><gradio-app></gradio-app>{"x" * 2000}</body></html>'
)


def header(language: str) -> Html:
    return header_html(documents=7, cities=["<Davao>"], language=language)


def answer(request: Request) -> Response:
    return HTMLResponse(PAGE, status_code=503 if "broken" in request.query_params else 200)


@pytest.fixture
def client() -> TestClient:
    routes = [Route("/", answer), Route("/other", answer)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(FirstSight, header=header)]))


@pytest.mark.parametrize(
    ("query", "accepted", "language", "title"),
    [
        ("", "vi;q=0.9", "vi", "Kitakyushu và các thành phố châu Á"),
        ("?lang=ja", "vi", "ja", "北九州市とアジアの都市"),
        ("?lang=%00<", "", "en", "Kitakyushu and the cities of Asia"),
    ],
)
def test_the_title_stands_in_the_page_in_the_visitor_s_language(
    client: TestClient, query: str, accepted: str, language: str, title: str
) -> None:
    page = client.get(f"/{query}", headers={"accept-language": accepted}).text
    assert f'<body class="b"><div id="first-sight" lang="{language}">' in page
    assert f"<h1>{title}</h1>" in page
    assert "&lt;Davao&gt;" in page
    assert page.endswith(PAGE[PAGE.index("<gradio-app>") :])


def test_the_page_is_compressed_for_who_reads_that_and_its_length_is_right(client: TestClient) -> None:
    small = client.get("/", headers={"accept-encoding": "gzip"})
    plain = client.get("/", headers={"accept-encoding": "identity"})
    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) < int(plain.headers["content-length"])
    assert small.text == plain.text
    assert len(plain.content) == int(plain.headers["content-length"])


def test_what_gradio_says_of_itself_is_left_out(client: TestClient) -> None:
    page = client.get("/").text
    assert "og:title" not in page
    assert 'name="viewport"' in page


def test_within_another_site_there_is_no_early_title(client: TestClient) -> None:
    assert "first-sight" not in client.get("/?embed").text
    assert "first-sight" in client.get("/?lang=en").text


@pytest.mark.parametrize("path", ["/other", "/?broken=1"])
def test_nothing_else_is_changed(client: TestClient, path: str) -> None:
    assert client.get(path).text == PAGE


def test_the_early_style_has_both_palettes_and_the_title_s_rules() -> None:
    style = early_style()
    assert len(re.findall(r"--ground: #[0-9a-f]{6};", style)) == 2
    assert ".masthead h1 {" in style
    assert style.count("{") == style.count("}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_title_says_in_every_language_how_far_an_index_is_that_is_built_anew(language: str) -> None:
    page = header_html(documents=7, cities=[], language=language, upgrade=Upgrade(12, 40))
    (said,) = re.findall(r'<p class="upgrade" role="status">(.*?)</p>', page)
    assert "12" in said
    assert "40" in said
