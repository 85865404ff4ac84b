"""Settings: defaults, then `qa.toml`, then `QA_…` variables of the environment. An unknown name is an error."""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qa.errors import ConfigError

SETTINGS_FILE = "qa.toml"
CITIES_FILE = "cities.toml"
"""The table of cities: its name in a corpus."""
PACKAGED = "packaged"
"""The name that stands for the model weights that come with the Python packages."""

ORIGIN = re.compile(
    r"https?://(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?", re.IGNORECASE | re.ASCII
)
"""Where a site is, without a path. Nothing else passes, as origins are written into a header."""
ROOT_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:.]+\]", re.IGNORECASE | re.ASCII)
"""A machine's name or address, as a browser names it."""
MIN_KEY_CHARS = 12
"""A shorter key can be guessed: 12 random letters and digits are 71 bits."""
YES, NO = ("true", "yes", "1"), ("false", "no", "0")
"""What a setting that is either way can be set to, beside TOML's own words."""

SERVER = re.compile(r"https?://[^\s/@?#]+(?:/[^\s@?#]*)?", re.IGNORECASE)
"""Where a server is, perhaps under a path; a name and password have no place in it, as it is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. `QA_CHUNK_TOKENS=300` and `chunk_tokens = 300` in `qa.toml` say the same."""

    corpus_dir: Path = Path("corpus")
    """The folder with the documents, and with a `cities.toml` that adds to the table of cities."""
    index_dir: Path = Path("index")
    """The folder that the index is built in."""
    chroma_url: str = ""
    """The address of a Chroma server (`http://…`) that keeps the vectors; empty: they are kept in `index_dir`."""
    chroma_token: str = field(default="", repr=False)
    """What a Chroma server, or what stands before it, wants to know, never shown; empty: nothing."""
    postgres_url: str = field(default="", repr=False)
    """A PostgreSQL database with pgvector that keeps the vectors (`postgresql://…`, its password never shown);
    empty: they are kept in Chroma."""

    cities_file: Path | None = None
    """What is added to the table of cities for a corpus without a `cities.toml` of its own; empty: nothing."""

    embedder: str = PACKAGED
    """`packaged` (multilingual-e5-small), or a sentence-transformers name or folder."""
    embedder_query_prefix: str = "query: "
    """What the embedder wants before a question."""
    embedder_passage_prefix: str = ""
    """What the embedder wants before a passage. The packaged one finds as much without its `passage: `, sooner."""
    reranker: str = PACKAGED
    """`packaged` (ms-marco-MiniLM-L-12-v2), a sentence-transformers cross-encoder's name or folder, or `none`."""
    reranker_languages: tuple[str, ...] = ("en",)
    """Languages (ISO 639) that the cross-encoder reads; others are ranked without it."""
    reader: str = PACKAGED
    """`packaged` (comes with this program, reads on from multilingual-e5-small), or `none`."""
    dtype: str = "auto"
    """`auto` (bfloat16 where the processor has instructions for it, and the packaged embedder's passages in int8),
    `float32` or `bfloat16`."""

    chunk_tokens: int = 200
    """The most tokens of the embedder's in a chunk, 32 to 480."""

    candidates: int = 40
    """How many passages each search hands on, 10 to 200."""
    rerank: int = 6
    """How many of the fused passages the cross-encoder reads, 1 to 100. On the development sets recall@1 is the
    same with 5 as with 20, and a question takes half the time."""
    read: int = 5
    """How many of the best passages the reader reads, 1 to 50."""
    max_statements: int = 4
    """The most statements in an answer, 1 to 10."""
    threshold: float = 0.5
    """The least probability that the evidence answers for an answer to be given, 0 to 1; see
    `qa.answer.decision`."""

    host: str = "127.0.0.1"
    """The address that the page is served at; `0.0.0.0` shows it to the network."""
    port: int = 7860
    """The port that the page is served at, 0 for any free one."""
    admin_key: str = field(default="", repr=False)
    """What staff must know to bring in documents from the page, at least 12 characters, never shown; empty: it is
    done at this machine only."""
    admin_keys: tuple[str, ...] = field(default=(), repr=False)
    """Keys of several people (`Aoi=…,Minh=…`), never shown: what each of them changes stands with their name in
    `qa status --changes`."""
    read_key: str = field(default="", repr=False)
    """What readers must know to ask and to read, at least 12 characters, never shown; empty: everybody may."""
    hosts: tuple[str, ...] = ()
    """The names that the page is served under, such as `qa.example.org`; empty: those of this machine."""
    proxies: tuple[str, ...] = ()
    """Addresses or networks of proxies, beside those at this machine, that say who asks (`10.0.0.0/8`)."""
    api_origins: tuple[str, ...] = ()
    """The sites whose web pages may call the functions for programs, such as `https://www.example.org`."""
    embed_origins: tuple[str, ...] = ()
    """The sites that may show the page within theirs, such as `https://www.example.org`; no others may."""
    root_path: str = ""
    """The path that a proxy shows the page under, `/qa` say; empty: it has a host of its own."""
    metrics: str = "local"
    """Who may read `/metrics`: `local` (programs at this machine, through no proxy), `all` or `none`."""
    log_format: str = "text"
    """`text`, or `json`: one object a line, also one for each answer."""
    log_questions: bool = False
    """True if the log may tell what was asked."""
    keep_questions_days: int = 180
    """The days for which refused questions and feedback are kept, 0 (nothing is kept) to 36,500."""
    visitor_waiting: int = 4
    """The most questions of one visitor that wait at the same time, 1 to 1,000."""
    visitor_a_minute: int = 30
    """The most questions of one visitor a minute, 1 to 100,000."""
    address_waiting: int = 40
    """The most questions from one address, an office say, that wait at the same time, 1 to 10,000."""
    address_a_minute: int = 300
    """The most questions from one address a minute, 1 to 1,000,000."""
    visitors_mib: int = 64
    """The most memory that visitors' conversations take, in MiB, 1 to 100,000; the oldest go first."""

    llm: str = ""
    """The language model that writes answers, as `provider:model` (`openai:…`, `anthropic:…`, `ollama:…`, or
    another provider of LangChain's `init_chat_model`); empty: answers are quotes."""
    llm_base_url: str = ""
    """The address of the server that the language model runs at; empty: the provider's own."""
    local_llm: str = ""
    """A GGUF file with a language model, served by llama.cpp in a process of its own for `qa serve`, `chat` and
    `ask`, in place of `llm`; empty: none."""
    llm_api_key: str = field(default="", repr=False)
    """The key for the language model, never shown; empty: the provider's own variable, `OPENAI_API_KEY` say."""
    llm_temperature: float = 0.0
    """How freely the language model chooses its words, 0 to 2."""
    llm_timeout_s: float = 30.0
    """The seconds that an answer may wait for the language model, with all that is tried again, 1 to 600."""
    llm_context_tokens: int = 4096
    """The tokens that the language model reads and writes at most in one call, 512 to 1,000,000."""
    llm_max_tokens: int = 400
    """The most tokens of a reply, 16 to 8,192; a longer one is not used."""
    llm_calls_a_day: int = 2000
    """The most calls of the language model a day (UTC), 1 to 1,000,000; then answers are quotes."""
    llm_tokens_a_day: int = 2000000
    """The most tokens that the language model reads and writes a day (UTC), 1,000 to 1,000,000,000."""

    def __post_init__(self) -> None:
        _check_range(self, "chunk_tokens", 32, 480)
        _check_range(self, "candidates", 10, 200)
        _check_range(self, "rerank", 1, 100)
        _check_range(self, "read", 1, 50)
        _check_range(self, "max_statements", 1, 10)
        _check_range(self, "threshold", 0, 1)
        _check_range(self, "port", 0, 65535)
        _check_range(self, "keep_questions_days", 0, 36_500)
        _check_range(self, "visitor_waiting", 1, 1000)
        _check_range(self, "visitor_a_minute", 1, 100_000)
        _check_range(self, "address_waiting", 1, 10_000)
        _check_range(self, "address_a_minute", 1, 1_000_000)
        _check_range(self, "visitors_mib", 1, 100_000)
        _check_range(self, "llm_temperature", 0, 2)
        _check_range(self, "llm_timeout_s", 1, 600)
        _check_range(self, "llm_context_tokens", 512, 1_000_000)
        _check_range(self, "llm_max_tokens", 16, 8192)
        _check_range(self, "llm_calls_a_day", 1, 1_000_000)
        _check_range(self, "llm_tokens_a_day", 1000, 1_000_000_000)
        provider, _, model = self.llm.partition(":")
        if self.llm and not (provider.strip() and model.strip()):
            raise ConfigError(f"llm is {self.llm!r}; set provider:model, ollama:llama3.2 say, or nothing")
        if self.local_llm and (self.llm or self.llm_base_url or self.llm_api_key):
            raise ConfigError(
                f"local_llm is {self.local_llm!r}; leave it out, or llm, llm_base_url and llm_api_key"
            )
        if self.chroma_url and not SERVER.fullmatch(self.chroma_url):
            raise ConfigError("chroma_url is no address of a server; write it as http://127.0.0.1:8000")
        if self.postgres_url and not self.postgres_url.startswith(("postgresql://", "postgres://")):
            raise ConfigError(
                "postgres_url is no address of a database; write it as postgresql://name@127.0.0.1/database"
            )
        if self.chroma_url and self.postgres_url:
            raise ConfigError("chroma_url and postgres_url are both set; an index is kept in one of them")
        if self.reader not in (PACKAGED, "none"):
            raise ConfigError(f"reader is {self.reader!r}; set {PACKAGED} or none")
        for name in ("embed_origins", "api_origins"):
            for origin in getattr(self, name):
                if not ORIGIN.fullmatch(origin):
                    raise ConfigError(
                        f"{name} has {origin!r}; write each site as https://www.example.org, without a path"
                    )
        for host in self.hosts:
            if not HOST.fullmatch(host):
                raise ConfigError(f"hosts has {host!r}; write each name as qa.example.org, without a port")
        for proxy in self.proxies:
            _check_network(proxy)
        _check_keys(self)
        if self.root_path and not ROOT_PATH.fullmatch(self.root_path):
            raise ConfigError(f"root_path is {self.root_path!r}; set a path such as /qa, or nothing")
        if self.metrics not in ("local", "all", "none"):
            raise ConfigError(f"metrics is {self.metrics!r}; set local, all or none")
        if self.log_format not in ("text", "json"):
            raise ConfigError(f"log_format is {self.log_format!r}; set text or json")
        if self.dtype not in ("auto", "float32", "bfloat16"):
            raise ConfigError(f"dtype is {self.dtype!r}; set auto, float32 or bfloat16")

    def cities_path(self) -> Path | None:
        """The file that adds to the default table of cities: the corpus' own, else `cities_file`."""
        own = self.corpus_dir / CITIES_FILE
        return own if own.exists() else self.cities_file

    def fingerprint(self) -> str:
        """16 hex digits that change when an index built with these settings could not be used with others."""
        parts = [
            self.embedder,
            self.embedder_query_prefix,
            self.embedder_passage_prefix,
            self.chunk_tokens,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def load_settings(
    *,
    environ: Mapping[str, str] | None = None,
    settings_file: Path | None = None,
    **overrides: Any,
) -> Settings:
    """The settings in force. `overrides` (from the command line) win over the environment, that over the file.

    Raises `ConfigError` for an unknown name or a value of the wrong kind, naming where it stands.
    """
    path = settings_file or Path(SETTINGS_FILE)
    if settings_file and not settings_file.exists():
        raise ConfigError(f"{settings_file} is not there; name another file")
    values: dict[str, Any] = {}
    if os.path.lexists(path):  # a link that leads nowhere is no leave to go without settings
        if not path.is_file():
            raise ConfigError(f"{path} is not a file; the settings are read from a file of that name")
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"{path} cannot be read ({error.strerror}); check its permissions") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ConfigError(f"{path} is not valid TOML: {error}") from error
        for name, value in table.items():
            values[name] = _parse(name, value, f"{path}: {name}")
    for variable, text in sorted((os.environ if environ is None else environ).items()):
        if variable.startswith("QA_"):
            name = variable.removeprefix("QA_").lower()
            values[name] = _parse(name, text, variable)
    values.update({name: value for name, value in overrides.items() if value is not None})
    return Settings(**values)


def _parse(name: str, value: Any, where: str) -> Any:
    fields = {field.name: field for field in dataclasses.fields(Settings)}
    if name not in fields:
        raise ConfigError(f"{where} is not a setting; the settings are {', '.join(sorted(fields))}")
    default: Any = fields[name].default
    kind: type[Any] = (
        Path if default is None else type(default)
    )  # the only setting without a default names a file
    shown = repr(value) if fields[name].repr else "of another kind"
    if isinstance(default, bool):
        word = str(value).casefold()
        if word not in (*YES, *NO):
            raise ConfigError(f"{where} is {value!r}; it must be true or false")
        return word in YES
    if isinstance(default, int) and isinstance(value, float) and not value.is_integer():
        raise ConfigError(f"{where} is {value!r}; it must be a whole number")
    try:
        if isinstance(default, tuple):
            items = value.split(",") if isinstance(value, str) else value
            return tuple(str(item).strip() for item in items if str(item).strip())
        if "\0" in str(value):  # of which a path would make an error that names nothing
            raise ValueError
        return None if default is None and value == "" else kind(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise ConfigError(f"{where} is {shown}; it must be a {kind.__name__}") from error


def _check_network(proxy: str) -> None:
    try:
        network = ipaddress.ip_network(proxy, strict=False)
    except ValueError as error:
        raise ConfigError(f"proxies has {proxy!r}; write each as 10.0.0.7 or 10.0.0.0/8") from error
    if not network.prefixlen:
        raise ConfigError(
            f"proxies has {proxy!r}: anybody could say that they ask for somebody else; name yours"
        )


def _check_keys(settings: Settings) -> None:
    """Raise `ConfigError` for a key that is too short, or that has no name where each needs one."""
    keys = {"admin_key": settings.admin_key, "read_key": settings.read_key}
    names = set()
    for entry in settings.admin_keys:
        name, is_named, key = (part.strip() for part in entry.partition("="))
        if not (name and is_named) or name in names:
            raise ConfigError("admin_keys wants a name of its own before each key: Aoi=…,Minh=…")
        names.add(name)
        keys[f"admin_keys, the key of {name},"] = key
    for setting, key in keys.items():
        if key != key.strip() or not key.isprintable():
            raise ConfigError(f"{setting} begins or ends with a blank, or has signs that nobody can type")
        if len(key) < MIN_KEY_CHARS and (key or setting.startswith("admin_keys")):
            raise ConfigError(
                f"{setting} has {len(key)} characters; a key that nobody guesses has at least {MIN_KEY_CHARS}"
            )
    if not settings.read_key.isascii():  # an HTTP header has no other letters
        raise ConfigError("read_key has letters that programs cannot send; take a-z, 0-9 and signs")
    if len(set(keys.values()) - {""}) < len([key for key in keys.values() if key]):
        raise ConfigError("two keys are the same; give each person, and readers, a key of their own")


def _check_range(settings: Settings, name: str, low: float, high: float) -> None:
    value = getattr(settings, name)
    if not low <= value <= high:
        raise ConfigError(f"{name} is {value}; set a number from {low} to {high}")
