"""Facts about settings: which one wins, and what is refused with which words."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qa.config import Settings, load_settings
from qa.errors import ConfigError

FIELDS = [field.name for field in dataclasses.fields(Settings)]
OTHER_VALUES = {
    "corpus_dir": Path("other"),
    "index_dir": Path("other"),
    "chroma_url": "http://127.0.0.1:8000",
    "chroma_token": "secret",
    "postgres_url": "postgresql://me@127.0.0.1/qa",
    "cities_file": Path("other.toml"),
    "embedder": "another/model",
    "embedder_query_prefix": "q: ",
    "embedder_passage_prefix": "p: ",
    "reranker": "another/cross-encoder",
    "reader": "none",
    "reranker_languages": ("en", "ja"),
    "dtype": "float32",
    "chunk_tokens": 123,
    "candidates": 33,
    "rerank": 7,
    "read": 3,
    "max_statements": 2,
    "threshold": 0.25,
    "host": "0.0.0.0",
    "port": 8000,
    "admin_key": "a long secret",
    "admin_keys": ("Aoi=a long secret", "Minh=another secret"),
    "read_key": "a long secret",
    "hosts": ("qa.example.org", "[2001:db8::7]"),
    "proxies": ("10.0.0.7", "2001:db8::/32"),
    "api_origins": ("https://a.example",),
    "embed_origins": ("https://a.example", "http://b.example:8080"),
    "root_path": "/qa",
    "metrics": "all",
    "log_format": "json",
    "log_questions": True,
    "keep_questions_days": 30,
    "visitor_waiting": 2,
    "visitor_a_minute": 10,
    "address_waiting": 20,
    "address_a_minute": 100,
    "visitors_mib": 8,
    "llm": "openai:some-model",
    "llm_base_url": "http://127.0.0.1:8080/v1",
    "llm_api_key": "secret",
    "local_llm": "model.gguf",
    "llm_temperature": 0.5,
    "llm_timeout_s": 12.5,
    "llm_context_tokens": 2048,
    "llm_max_tokens": 200,
    "llm_calls_a_day": 5,
    "llm_tokens_a_day": 5000,
}
CHANGES_VECTORS = {"embedder", "embedder_query_prefix", "embedder_passage_prefix", "chunk_tokens"}


def settings_with(name: str, value: Any) -> Settings:
    """The defaults but for one setting, named at run time."""
    return Settings(**{name: value})


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    return tmp_path / "qa.toml"


def test_without_a_file_and_variables_the_defaults_are_in_force(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(environ={}) == Settings()


def test_the_file_in_the_working_folder_is_read_by_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "qa.toml").write_text("rerank = 5\n", encoding="utf-8")
    assert load_settings(environ={}).rerank == 5


def test_the_process_environment_is_read_by_itself(
    monkeypatch: pytest.MonkeyPatch, settings_file: Path
) -> None:
    settings_file.write_text("", encoding="utf-8")
    monkeypatch.setenv("QA_MAX_STATEMENTS", "3")
    assert load_settings(settings_file=settings_file).max_statements == 3


def test_the_environment_wins_over_the_file_and_an_override_over_both(settings_file: Path) -> None:
    settings_file.write_text("chunk_tokens = 100\nrerank = 10\nport = 1000\n", encoding="utf-8")
    environ = {"QA_CHUNK_TOKENS": "200", "QA_RERANK": "20", "UNRELATED": "x"}
    settings = load_settings(environ=environ, settings_file=settings_file, chunk_tokens=300)
    assert (settings.chunk_tokens, settings.rerank, settings.port) == (300, 20, 1000)


def test_an_override_that_was_not_given_leaves_the_setting_as_it_is(settings_file: Path) -> None:
    settings_file.write_text("port = 1000\n", encoding="utf-8")
    assert load_settings(environ={}, settings_file=settings_file, port=None).port == 1000


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_can_be_set_by_a_variable(name: str, settings_file: Path) -> None:
    settings_file.write_text("", encoding="utf-8")
    value = OTHER_VALUES[name]
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    settings = load_settings(environ={f"QA_{name.upper()}": text}, settings_file=settings_file)
    assert getattr(settings, name) == value
    assert getattr(Settings(), name) != value


def test_lists_paths_and_numbers_are_read_from_the_file(settings_file: Path) -> None:
    settings_file.write_text(
        'reranker_languages = ["en", " ja "]\ncorpus_dir = "docs"\nthreshold = 1\n', encoding="utf-8"
    )
    settings = load_settings(environ={}, settings_file=settings_file)
    assert settings.reranker_languages == ("en", "ja")
    assert settings.corpus_dir == Path("docs")
    assert settings.threshold == 1.0
    assert isinstance(settings.threshold, float)


def test_an_unknown_name_in_the_file_is_an_error_that_names_both(settings_file: Path) -> None:
    settings_file.write_text("chunk_token = 200\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"qa\.toml: chunk_token is not a setting.*chunk_tokens"):
        load_settings(environ={}, settings_file=settings_file)


def test_an_unknown_variable_is_an_error_that_names_it(settings_file: Path) -> None:
    settings_file.write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"QA_CHUNKS is not a setting.*chunk_tokens"):
        load_settings(environ={"QA_CHUNKS": "200"}, settings_file=settings_file)


@pytest.mark.parametrize(
    ("variable", "text"), [("QA_CHUNK_TOKENS", "many"), ("QA_PORT", ""), ("QA_THRESHOLD", "0,5")]
)
def test_a_variable_of_the_wrong_kind_is_an_error_that_names_it_and_its_value(
    variable: str, text: str, settings_file: Path
) -> None:
    settings_file.write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match=f"{variable} is {text!r}"):
        load_settings(environ={variable: text}, settings_file=settings_file)


@pytest.mark.parametrize("line", ["chunk_tokens = [1]", "corpus_dir = 5", "reranker_languages = 5"])
def test_a_value_of_the_wrong_kind_in_the_file_is_an_error_that_names_it(
    line: str, settings_file: Path
) -> None:
    settings_file.write_text(line, encoding="utf-8")
    name = line.split(" ")[0]
    with pytest.raises(ConfigError, match=rf"qa\.toml: {name} is"):
        load_settings(environ={}, settings_file=settings_file)


@pytest.mark.parametrize("line", ["chunk_tokens = 200.7", "chunk_tokens = inf"])
def test_a_number_that_is_not_whole_is_refused_where_a_whole_one_is_wanted(
    line: str, settings_file: Path
) -> None:
    settings_file.write_text(line, encoding="utf-8")
    with pytest.raises(ConfigError, match="chunk_tokens"):
        load_settings(environ={}, settings_file=settings_file)


@pytest.mark.parametrize("content", [b"chunk_tokens = ", b"\xff\xfe"])
def test_a_file_that_is_not_toml_is_an_error_that_names_it(content: bytes, settings_file: Path) -> None:
    settings_file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"qa\.toml is not valid TOML"):
        load_settings(environ={}, settings_file=settings_file)


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.toml"):
        load_settings(environ={}, settings_file=tmp_path / "missing.toml")


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("chunk_tokens", 32, 480),
        ("candidates", 10, 200),
        ("rerank", 0, 100),
        ("read", 1, 50),
        ("max_statements", 1, 10),
        ("threshold", 0, 1),
        ("port", 0, 65535),
        ("keep_questions_days", 0, 36_500),
        ("visitor_waiting", 1, 1000),
        ("visitor_a_minute", 1, 100_000),
        ("address_waiting", 1, 10_000),
        ("address_a_minute", 1, 1_000_000),
        ("visitors_mib", 1, 100_000),
        ("llm_temperature", 0, 2),
        ("llm_timeout_s", 1, 600),
        ("llm_context_tokens", 512, 1_000_000),
        ("llm_max_tokens", 16, 8192),
        ("llm_calls_a_day", 1, 1_000_000),
        ("llm_tokens_a_day", 1000, 1_000_000_000),
    ],
)
def test_a_range_includes_its_ends_and_its_error_names_them(name: str, low: float, high: float) -> None:
    for value in (low, high):
        assert getattr(settings_with(name, value), name) == value
    for value in (low - 1, high + 1, float("nan")):
        with pytest.raises(ConfigError, match=f"{name} is {value}; set a number from {low} to {high}"):
            settings_with(name, value)


def test_a_number_format_that_no_processor_has_is_refused() -> None:
    with pytest.raises(ConfigError, match="dtype is 'int8'; set auto, float32 or bfloat16"):
        Settings(dtype="int8")


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("1", True), ("False", False), ("no", False)])
def test_what_is_either_way_can_be_said_in_words(text: str, value: bool) -> None:
    assert load_settings(environ={"QA_LOG_QUESTIONS": text}).log_questions is value


@pytest.mark.parametrize(
    ("variable", "text", "words"),
    [
        ("QA_LOG_QUESTIONS", "perhaps", "QA_LOG_QUESTIONS is 'perhaps'; it must be true or false"),
        ("QA_METRICS", "everybody", "metrics is 'everybody'"),
        ("QA_LOG_FORMAT", "xml", "log_format is 'xml'"),
        ("QA_ROOT_PATH", "qa", "root_path is 'qa'"),
        ("QA_ROOT_PATH", "/qa/", "root_path is '/qa/'"),
        ("QA_ROOT_PATH", "/q a", "root_path is '/q a'"),
    ],
)
def test_a_word_that_is_none_of_those_to_choose_from_is_refused(variable: str, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load_settings(environ={variable: text})


@pytest.mark.parametrize("name", ["gpt", ":gpt", "openai:", " : "])
def test_a_language_model_without_provider_or_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"llm is .* set provider:model"):
        Settings(llm=name)


@pytest.mark.parametrize(
    "other",
    [{"llm": "openai:gpt"}, {"llm_base_url": "http://127.0.0.1:9"}, {"llm_api_key": "sk-secret"}],
    ids=str,
)
def test_a_local_language_model_and_another_one_are_not_set_together(other: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"local_llm is 'm.gguf'; leave it out, or llm") as raised:
        Settings(local_llm="m.gguf", **other)
    assert "sk-secret" not in str(raised.value)


def test_the_key_of_the_language_model_is_not_shown() -> None:
    settings = Settings(llm="openai:gpt", llm_api_key="sk-secret")

    assert "sk-secret" not in repr(settings) + str(settings)


@pytest.mark.parametrize("name", FIELDS)
def test_the_fingerprint_changes_with_what_changes_the_vectors_and_with_nothing_else(name: str) -> None:
    changed = settings_with(name, OTHER_VALUES[name]).fingerprint()
    assert (changed != Settings().fingerprint()) is (name in CHANGES_VECTORS)
    assert len(changed) == 16
    assert int(changed, 16) >= 0


def test_where_a_database_is_with_its_password_is_not_shown() -> None:
    settings = Settings(postgres_url="postgresql://me:word@host/qa")
    assert settings.postgres_url
    assert "word" not in repr(settings) + str(settings)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        (
            {"QA_POSTGRES_URL": "host/qa?password=word"},
            "postgres_url is no address of a database; write it as",
        ),
        (
            {"QA_POSTGRES_URL": "postgresql://me:word@host/qa", "QA_CHROMA_URL": "http://host"},
            "chroma_url and postgres_url are both set",
        ),
    ],
)
def test_a_place_for_the_vectors_that_cannot_be_is_refused(environ: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as raised:
        load_settings(environ=environ)
    assert "word" not in str(raised.value).replace("password", "")


def test_every_setting_is_described() -> None:
    assert all(field.metadata["help"].endswith(".") for field in dataclasses.fields(Settings))


def test_the_corpus_own_table_of_cities_is_used_where_it_has_one(tmp_path: Path) -> None:
    settings = Settings(corpus_dir=tmp_path, cities_file=tmp_path / "common.toml")
    assert settings.cities_path() == tmp_path / "common.toml"
    (tmp_path / "cities.toml").touch()
    assert settings.cities_path() == tmp_path / "cities.toml"


@pytest.mark.parametrize(
    "origin",
    [
        "https://www.example.org",
        "http://localhost:8000",
        "https://*.example.org",
        "https://xn--wgv71a.example",
    ],
)
def test_a_site_that_may_show_the_page_is_taken(origin: str) -> None:
    assert Settings(embed_origins=(origin,)).embed_origins == (origin,)


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "https://*",
        "www.example.org",
        "https://www.example.org/",
        "https://www.example.org/page",
        "https://user@example.org",
        "ftp://example.org",
        "https://a.example; script-src *",
        "https://a.example https://b.example",
        "https://a.example\n",
        "https://例え.example",
        "'none'",
    ],
)
@pytest.mark.parametrize("setting", ["embed_origins", "api_origins"])
def test_what_is_no_site_is_an_error_that_names_the_setting(origin: str, setting: str) -> None:
    with pytest.raises(ConfigError, match=rf"{setting} has .*write each site as https://www\.example\.org"):
        settings_with(setting, (origin,))


@pytest.mark.parametrize("host", ["qa.example.org", "localhost", "10.0.0.7", "[2001:db8::7]"])
def test_a_name_that_the_page_is_served_under_is_taken(host: str) -> None:
    assert Settings(hosts=(host,)).hosts == (host,)


@pytest.mark.parametrize(
    "host", ["*", "https://qa.example.org", "qa.example.org:7860", "q a", "qa.example.org."]
)
def test_what_is_no_host_is_an_error_that_names_it(host: str) -> None:
    with pytest.raises(ConfigError, match=r"hosts has .*write each name as"):
        Settings(hosts=(host,))


@pytest.mark.parametrize("proxy", ["proxy.example.org", "10.0.0.0/40", "*", "10.0.0"])
def test_what_is_no_network_is_an_error_that_names_it(proxy: str) -> None:
    with pytest.raises(ConfigError, match=r"proxies has .*write each as"):
        Settings(proxies=(proxy,))


@pytest.mark.parametrize("proxy", ["0.0.0.0/0", "::/0"])
def test_not_everybody_is_a_proxy(proxy: str) -> None:
    with pytest.raises(ConfigError, match="anybody could say"):
        Settings(proxies=(proxy,))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"admin_key": "eleven char"}, "admin_key has 11 characters"),
        ({"read_key": "eleven char"}, "read_key has 11 characters"),
        ({"admin_keys": ("Aoi=eleven char",)}, "admin_keys, the key of Aoi, has 11 characters"),
        ({"admin_keys": ("Aoi=",)}, "admin_keys, the key of Aoi, has 0 characters"),
        ({"admin_keys": ("a long enough key",)}, "admin_keys wants a name"),
        ({"admin_keys": ("=a long enough key",)}, "admin_keys wants a name"),
        ({"admin_keys": ("Aoi=the first secret", "Aoi=the other secret")}, "admin_keys wants a name"),
        ({"admin_key": "the same secret", "read_key": "the same secret"}, "two keys are the same"),
        ({"admin_keys": ("Aoi=the same secret", "Minh=the same secret")}, "two keys are the same"),
        ({"admin_key": "a long secret\n"}, "admin_key begins or ends with a blank"),
        ({"read_key": "a long secret für alle"}, "read_key has letters that programs cannot send"),
        ({"read_key": " " * 12}, "read_key begins or ends with a blank"),
        ({"admin_keys": ("Aoi=a long\udcffsecret",)}, "admin_keys, the key of Aoi, begins .* or has signs"),
    ],
)
def test_a_key_that_is_short_shared_or_nobody_s_is_refused_and_not_shown(
    keys: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words) as raised:
        Settings(**keys)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("setting", ["admin_key", "read_key", "llm_api_key", "chroma_token", "postgres_url"])
def test_a_key_of_another_kind_is_an_error_that_does_not_show_it(tmp_path: Path, setting: str) -> None:
    (tmp_path / "qa.toml").write_text(f'{setting} = "a long \\u0000 secret"', encoding="utf-8")

    with pytest.raises(ConfigError, match=rf"qa\.toml: {setting} is of another kind") as raised:
        load_settings(environ={}, settings_file=tmp_path / "qa.toml")
    assert "secret" not in str(raised.value)


def test_keys_are_not_shown() -> None:
    settings = Settings(admin_key="x" * 12, admin_keys=(f"Aoi={'y' * 12}",), read_key="z" * 12)
    assert not {"x" * 12, "y" * 12, "z" * 12} & set(repr(settings).replace("'", "=").split("="))


def test_a_settings_file_that_is_a_link_to_nowhere_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "qa.toml").symlink_to(tmp_path / "gone.toml")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigError, match=r"qa\.toml is not a file"):
        load_settings(environ={})


def test_a_settings_file_that_is_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "qa.toml").mkdir()

    with pytest.raises(ConfigError, match=r"qa\.toml is not a file"):
        load_settings(environ={}, settings_file=tmp_path / "qa.toml")


def test_a_settings_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "qa.toml").write_text("port = 1\n", encoding="utf-8")
    # Root may read any file.
    monkeypatch.setattr(Path, "read_text", raising(PermissionError(13, "Permission denied")))

    with pytest.raises(ConfigError, match=r"qa\.toml cannot be read \(Permission denied\)"):
        load_settings(environ={}, settings_file=tmp_path / "qa.toml")


def raising(error: Exception) -> Callable[..., Any]:
    """What raises `error` however it is called."""

    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "port = inf", 'corpus_dir = "a\\u0000b"'])
def test_a_settings_file_with_values_that_nothing_can_be_made_of_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "qa.toml").write_text(f"{text}\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"qa\.toml"):
        load_settings(environ={}, settings_file=tmp_path / "qa.toml")
