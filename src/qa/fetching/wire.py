"""The network below one fetch: connections to checked addresses only, which end when time is up.

A name is resolved once, and the checked address is the one that is connected to. So a name server that changes
its mind between check and connection (DNS rebinding) changes nothing. httpcore, which speaks HTTP on top of this,
keeps the name for the Host header and the certificate, and knows neither proxies nor cookies nor redirects.
"""

from __future__ import annotations

import ssl
import time
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import certifi
import httpcore

from qa.fetching.addresses import IPAddress

CONNECT_TIMEOUT_S = 10.0
"""Seconds for one connection: more than the slowest handshake takes, and few enough to try the next address."""

PIECE_BYTES = 2**16
"""Bytes that are unpacked at a time: what a bomb can cost beyond the limit."""

GZIP_WINDOW = 31
"""zlib's word for "gzip only, with the largest window"."""


class Deadline:
    """The time that one fetch has left, all of its hops together."""

    def __init__(self, timeout_s: float) -> None:
        self._end = time.monotonic() + timeout_s

    @property
    def left_s(self) -> float:
        """The seconds left. Raises `httpcore.TimeoutException` once there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.TimeoutException("the time for this fetch is over")
        return left


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to one of `addresses`, whatever name httpcore asks for, while `deadline` has time left."""

    def __init__(self, addresses: Iterable[IPAddress], deadline: Deadline) -> None:
        self._addresses = tuple(addresses)
        self._deadline = deadline
        self._wire = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first of the checked addresses that answers."""
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._addresses:
            try:
                stream = self._wire.connect_tcp(
                    str(address), port, min(CONNECT_TIMEOUT_S, self._deadline.left_s), None, socket_options
                )
                return _TimedStream(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _TimedStream(httpcore.NetworkStream):
    """A connection that gives each step only the time that is left: dribbled bytes do not renew it."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left_s)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left_s)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left_s)
        except httpcore.ConnectError as error:
            if isinstance(error.__cause__, ssl.SSLCertVerificationError):
                raise BadCertificate(error.__cause__.verify_message.rstrip(".")) from error
            raise
        return _TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def make_tls_context() -> ssl.SSLContext:
    """A context that trusts the authorities of the system and of certifi, and checks names."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class BadCertificate(Exception):
    """The server's certificate is not for its name, or nobody vouches for it. It never leaves this package."""


class TooLarge(Exception):
    """The body has more bytes than it may have. It never leaves this package."""


def read_body(response: httpcore.Response, *, max_bytes: int, is_gzipped: bool) -> bytes:
    """The body of `response`, unpacked.

    Raises `TooLarge` as soon as the body is, packed or not, and `zlib.error` where it is no whole gzip data.
    """
    body = bytearray()
    received = 0
    gunzip = _Gunzip() if is_gzipped else None
    for packed in response.iter_stream():
        received += len(packed)
        for piece in gunzip.unpack(packed) if gunzip else (packed,):
            body += piece
            if len(body) > max_bytes:
                raise TooLarge
        if received > max_bytes:
            raise TooLarge
    if gunzip and received and not gunzip.is_whole:
        raise zlib.error("the packed data ends early")
    return bytes(body)


class _Gunzip:
    """Unpacks gzip piece by piece, so that a small bomb never becomes a large string."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(GZIP_WINDOW)

    @property
    def is_whole(self) -> bool:
        """True if the last member that began has ended."""
        if not self._member.eof:
            self._member.flush(1)
        return self._member.eof

    def unpack(self, packed: bytes) -> Iterator[bytes]:
        """The bytes in `packed`, in pieces of at most `PIECE_BYTES`."""
        while packed:
            if self._member.eof:
                if not packed.startswith(b"\x1f\x8b"):
                    return  # what follows the last member is padding
                self._member = zlib.decompressobj(GZIP_WINDOW)
            yield self._member.decompress(packed, PIECE_BYTES)
            packed = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
