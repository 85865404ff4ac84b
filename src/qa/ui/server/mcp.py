"""A guard for the tools that language models call over MCP: programs may call them, other sites' pages may not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qa.errors import ConfigError
from qa.ui.access.permissions import headers_of, is_local, is_loopback
from qa.ui.access.senders import FORWARDING
from qa.ui.server.headers import Layer, Message, Receive, Send, host_of, tell

if TYPE_CHECKING:
    import gradio as gr

MCP_PATH = "/gradio_api/mcp"

FORWARDED_FOR = b"x-forwarded-for"

REFUSED = (
    "These tools are for programs: not for web pages, nor under a name that was made to lead to this machine. "
    "A proxy must say that it is one, with X-Forwarded-For."
)


def require_mcp() -> None:
    """Raises `ConfigError` where the package that Gradio needs for MCP is not there, or is another version."""
    try:
        from mcp.server.lowlevel.helper_types import ReadResourceContents  # noqa: F401
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"MCP needs a package that is not installed ({error}); install it with: pip install '.[mcp]'"
        ) from error


def give_key_to_tools(blocks: gr.Blocks, address: str, read_key: str) -> None:
    """Let the tools of `blocks` ask the page at `address`, which wants `read_key` of whoever asks.

    Gradio calls them over HTTP, as a program of its own, which it would make at the first call and without a key.
    """
    from gradio_client import Client

    tools: Any = blocks.mcp_server_obj
    tools._client_instance = Client(
        address,
        headers={"x-gradio-user": "mcp", "authorization": f"Bearer {read_key}"},
        download_files=False,
        verbose=False,
        analytics_enabled=False,
        ssl_verify=False,
        _skip_components=False,
    )


class McpGuard(Layer):
    """An ASGI application that lets no web page call the tools of `app`.

    A browser names the page that asks in `Origin`, and programs send none. A hostile page whose name was made to
    lead here (DNS rebinding) comes under that name, so that a request from this machine must call it by its own.
    """

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        if MCP_PATH in scope["path"]:
            if not may_call(headers_of(scope), host_of(scope)):
                await tell(send, 403, REFUSED)
                return
            scope = name_sender(scope)
        await self.app(scope, receive, send)


def name_sender(scope: Message) -> Message:
    """The request as one that comes by a proxy: Gradio passes it on within this machine, headers and all, and what
    the sender says there of themselves would be believed."""
    others = [(name, value) for name, value in scope["headers"] if name.lower() != FORWARDED_FOR]
    return {**scope, "headers": [*others, (FORWARDED_FOR, (host_of(scope) or "").encode("latin-1"))]}


def may_call(headers: dict[str, str], host: str | None) -> bool:
    """True if the request with these headers (names in lower case), from `host`, may call the tools."""
    is_here = host is not None and is_loopback(host) and not any(name in headers for name in FORWARDING)
    if is_here or "origin" in headers:
        return is_local(headers, host)
    return True
