"""The real server in a process of its own, what it uses, and a light HTTP client that is called in another."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import orjson

ROOT = Path(__file__).parent.parent
TIMEOUT = 30.0
"""Seconds after which a request counts as lost."""


@dataclass(frozen=True)
class Service:
    """A server that listens on this computer, and its process."""

    port: int
    process: subprocess.Popen[str]

    def cpu(self) -> float:
        """Seconds of processor time it has used so far; Linux only."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """MiB it holds at present; Linux only."""
        _, _, resident = Path(f"/proc/{self.process.pid}/status").read_text().partition("VmRSS:")
        return int(resident.split()[0]) / 2**10

    def share(self, since: tuple[float, float]) -> float:
        """Share of one core used since `moment()`."""
        cpu, at = since
        return (self.cpu() - cpu) / (time.monotonic() - at)

    def moment(self) -> tuple[float, float]:
        """Where `share` counts from."""
        return self.cpu(), time.monotonic()


@contextmanager
def serving(
    folder: str | Path, *options: str, port: int = 0, program: Sequence[str] = ("server.py",)
) -> Iterator[Service]:
    """The server with its data in `folder`, killed at the end."""
    command = [sys.executable, *program, "--host", "127.0.0.1", "--port", str(port), "--data-dir", str(folder)]
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                log.seek(0)
                raise RuntimeError(f"the server did not start: {log.read()}")
            yield Service(urlsplit(line.split()[1]).port or 80, process)
        finally:
            process.kill()


class Lost(Exception):
    """No response: the connection closed or the server timed out."""


class Connection(asyncio.Protocol):
    """A persistent connection; one request at a time."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, port: int) -> "Connection":
        """A connection to this computer."""
        _, made = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return made

    def connection_made(self, transport: Any) -> None:
        """See asyncio.Protocol."""
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self.close()
        self._transport = None
        if self._answer and not self._answer.done():
            self._answer.set_exception(Lost("closed"))

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        lower = head.lower()
        at = lower.find(b"content-length:")
        length = 0 if at < 0 else int(lower[at + 15 :].split(b"\r\n", 1)[0])
        if len(body) >= length and self._answer and not self._answer.done():
            self._buffer = body[length:]
            self._answer.set_result((int(head[9:12]), body[:length]))

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Return status and body of the response to a request. Raises Lost."""
        if self._transport is None:
            raise Lost("closed")
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        timer = loop.call_later(TIMEOUT, self._give_up, self._answer)
        self._transport.write(request)
        try:
            return await self._answer
        finally:
            timer.cancel()

    def _give_up(self, answer: "asyncio.Future[tuple[int, bytes]]") -> None:
        if not answer.done():
            answer.set_exception(Lost(f"no answer within {TIMEOUT:g} s"))

    def close(self) -> None:
        """Closes it, whatever is not sent yet."""
        if self._transport:
            self._transport.abort()


def request(method: str, path: str, body: bytes = b"", kind: str = "application/json", more: str = "") -> bytes:
    """Return a complete request; `more` are further header lines, each terminated."""
    content = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{more}{content}\r\n".encode() + body


async def get_json(connection: Connection, method: str, path: str, body: Any = None) -> Any:
    """Return the JSON of a response. Raises RuntimeError for any status but 200."""
    status, data = await connection.send(request(method, path, b"" if body is None else orjson.dumps(body)))
    if status != 200:
        raise RuntimeError(f"{method} {path}: {status} {data[:300]!r}")
    return orjson.loads(data)


@dataclass
class Latencies:
    """Seconds per response, and errors."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    async def send(self, connection: Connection, raw: bytes, right: int = 200) -> bytes:
        """Return the body of the response; empty after an error."""
        began = time.perf_counter()
        try:
            status, body = await connection.send(raw)
        except Lost as error:
            self.errors.append(str(error))
            return b""
        self.seconds.append(time.perf_counter() - began)
        if status != right:
            self.errors.append(f"{status} {body[:200]!r}")
            return b""
        return body

    def summary(self) -> str:
        """Return median and percentiles in ms, and the errors."""
        if not self.seconds:
            return f"no answer; {len(self.errors)} errors"
        middle, p95, p99 = (1000 * np.quantile(self.seconds, [0.5, 0.95, 0.99])).tolist()
        first = f", the first: {self.errors[0]}" if self.errors else ""
        return f"median {middle:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms, {len(self.errors)} errors{first}"


async def wait_until_idle(connection: Connection) -> None:
    """Return once the server is ready and fits no detector, so that only requests are measured."""
    while True:
        ready = (await connection.send(request("GET", "/readyz")))[0] == 200
        demo = (await get_json(connection, "GET", "/api/v1/streams/demo"))["state"]
        _, text = await connection.send(request("GET", "/metrics"))
        if ready and demo != "warming_up" and b"\nanomaly_fits_waiting 0.0\n" in text:
            return
        await asyncio.sleep(0.5)


async def make_warm_stream(connection: Connection, name: str, detector: str, points: int = 2000) -> None:
    """Create a stream with history that its own detector scores."""
    path = f"/api/v1/streams/{name}"
    await get_json(connection, "PUT", path, {"detector": detector})
    await get_json(connection, "POST", f"{path}/points", {"values": wave(points)})
    while (await get_json(connection, "GET", path))["state"] == "warming_up":
        await asyncio.sleep(0.2)
        await get_json(connection, "POST", f"{path}/points", {"values": wave(1)})


def wave(points: int) -> list[float]:
    """A cycle of 48 points."""
    values: list[float] = np.sin(2 * np.pi * np.arange(points) / 48).tolist()
    return values
