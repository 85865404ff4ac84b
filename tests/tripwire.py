"""A network of its own for a program: all of its packets are seen there, and none leaves the machine.

There every address is the machine's own. What is sent elsewhere comes back over the loopback device, refused, and
the names that a resolver is asked for are read from the packets, whoever sent them.
"""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ALL_PROTOCOLS = 3
"""Linux' ETH_P_ALL."""
IPV4, IPV6 = 0x0800, 0x86DD
TCP, UDP = 6, 17
SYN, ACK = 0x02, 0x10
"""The first packet of a TCP connection has the one flag and not the other."""
DNS = 53
"""The port at which resolvers are asked."""


@dataclass(frozen=True)
class Watched:
    """How a program ended, the names that it looked up, and the addresses beyond loopback that it sent to."""

    status: int
    output: str
    names: frozenset[str]
    addresses: frozenset[str]


def watch(command: Sequence[str | Path], *, environment: Mapping[str, str], timeout_s: float) -> Watched:
    """What `command` did in a network of its own, with all that it started.

    Skips the test where no such network can be made; in CI it fails instead.
    """
    if shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None:
        message = "no `ip` here; install Debian's package iproute2"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    as_root = () if os.geteuid() == 0 else ("--map-root-user",)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        watched = subprocess.run(
            ["unshare", "--net", *as_root, sys.executable, __file__, report, *command],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
        )
        if not report.exists():
            pytest.fail(f"no network of its own: {watched.stdout}")
        seen = json.loads(report.read_text())
    return Watched(watched.returncode, watched.stdout, frozenset(seen["names"]), frozenset(seen["addresses"]))


def main(report: Path, command: Sequence[str]) -> int:
    """The exit status of `command`; what it sent is written to `report`."""
    for family in ("-4", "-6"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        subprocess.run(["ip", family, "route", "add", "local", "default", "dev", "lo"], check=True)
    names: set[str] = set()
    addresses: set[str] = set()
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL_PROTOCOLS))
    threading.Thread(target=_listen, args=(packets, names, addresses), daemon=True).start()
    status = subprocess.run(command).returncode
    report.write_text(json.dumps({"names": sorted(names), "addresses": sorted(addresses)}))
    return status


def _listen(packets: socket.socket, names: set[str], addresses: set[str]) -> None:
    while True:
        packet, (_, protocol, *_) = packets.recvfrom(2**16)
        if protocol == IPV4:
            header, kind, to = 4 * (packet[0] & 0xF), packet[9], packet[16:20]
        elif protocol == IPV6:
            header, kind, to = 40, packet[6], packet[24:40]
        else:
            continue
        is_first = kind == UDP or (kind == TCP and packet[header + 13] & (SYN | ACK) == SYN)
        address, port = ipaddress.ip_address(to), int.from_bytes(packet[header + 2 : header + 4])
        if kind == UDP and port == DNS:
            names.add(_asked_name(packet[header + 8 :]))
        elif is_first and not address.is_loopback:
            addresses.add(f"{address}:{port}")


def _asked_name(query: bytes) -> str:
    """The name that a query to a resolver asks for (RFC 1035, section 4.1)."""
    labels, place = [], 12
    while length := query[place]:
        labels.append(query[place + 1 : place + 1 + length].decode("ascii", "replace"))
        place += 1 + length
    return ".".join(labels)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
