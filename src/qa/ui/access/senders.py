"""Who sends a request: the other end of the connection, or the one that a trusted proxy names."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Sequence
from typing import Any

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from qa.ui.server.headers import App, Message, Receive, Send, host_of

LOOPBACK = ("127.0.0.0/8", "::1")
"""Proxies at this machine: their word always counts, as for the site in deploy/nginx.conf."""

FORWARDING = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
"""Headers by which a proxy is known: behind it everybody comes from the machine itself."""

IPV6_SENDER_BITS = 64
"""One household or office has at least so large a network to itself, and may change its address within it."""

logger = logging.getLogger(__name__)


class Senders:
    """An ASGI application that answers as `app` does, with `scope["client"]` the one for whom a proxy asks.

    A proxy is believed that is at this machine or in one of `proxies`, addresses or networks. What other proxies
    say is left out of account; the first time, the log says what to set.
    """

    def __init__(self, app: App, *, proxies: Sequence[str] = ()) -> None:
        networks = [str(ipaddress.ip_network(proxy, strict=False)) for proxy in (*LOOPBACK, *proxies)]
        self._networks = [ipaddress.ip_network(network) for network in networks]
        self._believing: Any = ProxyHeadersMiddleware(app, trusted_hosts=networks)  # type: ignore[arg-type]
        self._has_told = False

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "http" and not self._has_told:
            peer = host_of(scope) or ""
            names = {name.decode("latin-1").lower() for name, _ in scope["headers"]}
            if names & {*FORWARDING} and not self._is_believed(peer):
                self._has_told = True
                logger.warning(
                    "a proxy at %s says for whom it asks, and is not believed: if it is yours, set QA_PROXIES=%s",
                    *(peer, peer),
                )
        await self._believing(scope, receive, send)

    def _is_believed(self, peer: str) -> bool:
        address = parse_address(peer)
        return address is not None and any(address in network for network in self._networks)


def parse_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that `host` is; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def address_of(scope: Message) -> str:
    """The address that a request counts for: of IPv6 its network of 64 bits; "" where nobody knows."""
    host = host_of(scope) or ""
    address = parse_address(host)
    if not isinstance(address, ipaddress.IPv6Address):
        return str(address or host)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, IPV6_SENDER_BITS), strict=False))
