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
from typing import Any, TypeVar

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

T = TypeVar("T")


def _setting(default: T, text: str, *range: float, secret: bool = False) -> T:
    """A field with what `docs/settings.md` says of it, and the least and the greatest number that it takes."""
    return field(default=default, repr=not secret, metadata={"help": text, "range": range})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. `QA_CHUNK_TOKENS=300` and `chunk_tokens = 300` in `qa.toml` say the same."""

    corpus_dir: Path = _setting(
        Path("corpus"), "The folder with the documents; a `cities.toml` in it adds to the table of cities."
    )
    index_dir: Path = _setting(Path("index"), "The folder that the index is built in.")
    chroma_url: str = _setting(
        "", "A Chroma server (`http://…`) that keeps the vectors; empty: they are kept in `index_dir`."
    )
    chroma_token: str = _setting(
        "", "What a Chroma server, or what stands before it, wants to know; empty: nothing.", secret=True
    )
    postgres_url: str = _setting(
        "", "PostgreSQL with pgvector that keeps the vectors (`postgresql://…`); empty: Chroma.", secret=True
    )

    cities_file: Path | None = _setting(
        None, "What is added to the table of cities where a corpus has no `cities.toml`; empty: nothing."
    )

    embedder: str = _setting(
        PACKAGED, "`packaged` (multilingual-e5-small), or a sentence-transformers name or folder."
    )
    embedder_query_prefix: str = _setting("query: ", "What the embedder wants before a question.")
    embedder_passage_prefix: str = _setting(
        "", "What the embedder wants before a passage; the packaged one finds as much without, sooner."
    )
    reranker: str = _setting(
        "none", "A cross-encoder's sentence-transformers name or folder that orders passages too, or `none`."
    )
    reranker_languages: tuple[str, ...] = _setting(
        ("en",), "Languages (ISO 639) that the cross-encoder reads; others are ranked without it."
    )
    reader: str = _setting(
        PACKAGED, "`packaged` (comes with this program, reads on from multilingual-e5-small), or `none`."
    )
    dtype: str = _setting(
        "auto",
        "`auto` (bfloat16 where the processor has instructions for it, and the packaged embedder's passages in "
        "int8), `float32` or `bfloat16`.",
    )

    chunk_tokens: int = _setting(200, "The most tokens of the embedder's in a chunk.", 32, 480)
    candidates: int = _setting(40, "How many passages each search hands on.", 10, 200)
    rerank: int = _setting(20, "How many of the fused passages the cross-encoder orders.", 0, 100)
    read: int = _setting(5, "How many of the best passages the reader reads.", 1, 50)
    max_statements: int = _setting(4, "The most statements in an answer.", 1, 10)
    threshold: float = _setting(
        0.5, "The least probability that the evidence answers for an answer to be given.", 0, 1
    )

    host: str = _setting("127.0.0.1", "The page's address; `0.0.0.0` shows it to the network.")
    port: int = _setting(7860, "The port that the page is served at, 0 for any free one.", 0, 65535)
    admin_key: str = _setting(
        "", "What staff need to add documents, at least 12 characters; empty: this machine only.", secret=True
    )
    admin_keys: tuple[str, ...] = _setting(
        (), "Keys of several people (`Aoi=…,Minh=…`); `qa status --changes` tells who did what.", secret=True
    )
    read_key: str = _setting(
        "", "What readers need, at least 12 characters; empty: everybody may ask and read.", secret=True
    )
    hosts: tuple[str, ...] = _setting(
        (), "The names that the page is served under (`qa.example.org`); empty: those of this machine."
    )
    proxies: tuple[str, ...] = _setting(
        (), "Addresses or networks of proxies beside those at this machine (`10.0.0.0/8`): they say who asks."
    )
    api_origins: tuple[str, ...] = _setting(
        (), "Sites whose web pages may call the functions for programs (`https://www.example.org`)."
    )
    embed_origins: tuple[str, ...] = _setting(
        (), "Sites that may show the page within theirs (`https://www.example.org`); no others may."
    )
    root_path: str = _setting("", "The path that a proxy shows the page under, `/qa` say; empty: none.")
    metrics: str = _setting(
        "local", "Who reads `/metrics`: `local` (programs here, through no proxy), `all` or `none`."
    )
    log_format: str = _setting("text", "`text`, or `json`: one object a line, also one for each answer.")
    log_questions: bool = _setting(False, "True if the log may tell what was asked.")
    keep_questions_days: int = _setting(
        180, "The days for which refused questions and feedback are kept, 0 for none.", 0, 36_500
    )
    visitor_waiting: int = _setting(4, "The most questions of one visitor that wait at once.", 1, 1000)
    visitor_a_minute: int = _setting(30, "The most questions of one visitor a minute.", 1, 100_000)
    address_waiting: int = _setting(
        40, "The most questions of one address, an office say, that wait at once.", 1, 10_000
    )
    address_a_minute: int = _setting(300, "The most questions of one address a minute.", 1, 1_000_000)
    visitors_mib: int = _setting(64, "The MiB that conversations may take; the oldest go first.", 1, 100_000)

    llm: str = _setting(
        "",
        "The language model that writes answers, as `provider:model` (`openai:…`, `anthropic:…`, `ollama:…`, or "
        "another provider of LangChain's `init_chat_model`); empty: answers are quotes.",
    )
    llm_base_url: str = _setting("", "The server that the language model runs at; empty: the provider's own.")
    local_llm: str = _setting(
        "",
        "A GGUF file that llama.cpp serves to `qa serve`, `chat` and `ask` in place of `llm`; empty: none.",
    )
    llm_api_key: str = _setting(
        "", "The language model's key; empty: the provider's own variable, `OPENAI_API_KEY` say.", secret=True
    )
    llm_temperature: float = _setting(0.0, "How freely the language model chooses its words.", 0, 2)
    llm_timeout_s: float = _setting(
        30.0, "The seconds that an answer may wait for the language model, all tries together.", 1, 600
    )
    llm_context_tokens: int = _setting(
        4096, "The most tokens that the language model reads and writes in one call.", 512, 1_000_000
    )
    llm_max_tokens: int = _setting(400, "The most tokens of a reply; a longer one is not used.", 16, 8192)
    llm_calls_a_day: int = _setting(
        2000, "The most calls of the language model a day (UTC); then answers are quotes.", 1, 1_000_000
    )
    llm_tokens_a_day: int = _setting(
        2000000, "The most tokens that the language model reads and writes a day (UTC).", 1000, 1_000_000_000
    )

    def __post_init__(self) -> None:
        for setting in dataclasses.fields(self):
            value, range = getattr(self, setting.name), setting.metadata["range"]
            if range and not range[0] <= value <= range[1]:
                raise ConfigError(f"{setting.name} is {value}; set a number from {range[0]} to {range[1]}")
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
        prefixes = [self.embedder_query_prefix, self.embedder_passage_prefix]
        parts = [self.embedder, *prefixes, self.chunk_tokens]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def load_settings(
    *, environ: Mapping[str, str] | None = None, settings_file: Path | None = None, **overrides: Any
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
    # The only setting without a default names a file.
    kind: type[Any] = Path if default is None else type(default)
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
