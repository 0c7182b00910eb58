"""Mutated requests on a raw socket (trust: T-API-3): never an answer 5xx, never a connection that hangs."""

import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from support.served import Served

PATIENCE_SECONDS: Final = 5.0
SILENCE_SECONDS: Final = 0.25
CONNECTIONS: Final = 16

_STATUS_LINE: Final = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_LENGTH: Final = re.compile(rb"content-length: (\d+)\r\n", re.IGNORECASE)


@dataclass
class Report:
    """What came back, and the requests that were answered as none may be."""

    answers: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


async def fuzz(process: Served, requests: Sequence[bytes], *, count: int, seed: int) -> Report:
    """Send mutated requests, the same ones for the same seed, over a few connections at once."""
    dice = random.Random(seed)
    mutated = [_mutate(dice, dice.choice(requests)) for _ in range(count)]
    report = Report()

    async def worker(mine: Sequence[bytes]) -> None:
        for request in mine:
            await _one(process, request, report)

    await asyncio.gather(*(worker(mutated[number::CONNECTIONS]) for number in range(CONNECTIONS)))
    if process.process.returncode is not None:
        report.faults.append("the process is gone")
    return report


async def _one(process: Served, request: bytes, report: Report) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
    answer = b""
    try:
        writer.write(request)
        async with asyncio.timeout(PATIENCE_SECONDS):
            answer = await _answer(reader, writer)
    except TimeoutError:
        report.faults.append(f"hangs: {request[:300]!r}")
    except ConnectionError:
        pass
    finally:
        writer.close()
    kind, is_fault = _judge(answer)
    report.answers[kind] += 1
    if is_fault:
        report.faults.append(f"{answer[:300]!r} to {request[:300]!r}")


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Read one answer; a port that says nothing, because it waits for more, is told that there is no more."""
    answer = b""
    told = False
    while True:
        try:
            async with asyncio.timeout(None if told else SILENCE_SECONDS):
                part = await reader.read(65_536)
        except TimeoutError:
            told = True
            writer.write_eof()
            continue
        answer += part
        head, separator, body = answer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head + b"\r\n")
        if not part or (separator and length and len(body) >= int(length[1])):
            return answer


def _judge(answer: bytes) -> tuple[str, bool]:
    """Name an answer, and tell whether it is none that a port may give."""
    if not answer:
        return "closed", False
    status = _STATUS_LINE.match(answer)
    if status is None or status[1] >= b"500":
        return "fault", True
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"application/problem+json" in head.lower():
        length = _LENGTH.search(head + b"\r\n")
        problem = json.loads(body[: int(length[1]) if length else None] or b"{}") if length and int(length[1]) else {}
        return f"{status[1].decode()} {problem.get('code', '')}", bool(problem) and "request_id" not in problem
    return status[1].decode(), status[1] >= b"400" and status[1] != b"400"


def _mutate(dice: random.Random, request: bytes) -> bytes:
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        request = dice.choice(_MUTATIONS)(dice, request)
    return request


def _split(request: bytes) -> tuple[bytes, bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    return head, body


def _truncated(dice: random.Random, request: bytes) -> bytes:
    return request[: dice.randrange(len(request) + 1)]


def _flipped(dice: random.Random, request: bytes) -> bytes:
    changed = bytearray(request)
    for _ in range(dice.randint(1, 8)):
        if changed:
            changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def _inserted(dice: random.Random, request: bytes) -> bytes:
    at = dice.randrange(len(request) + 1)
    junk = dice.choice((b"\x00", b"\r\n", b"\n", b"\r", b"%00", b"\xff\xfe", b" ", b"\t", b":", dice.randbytes(20)))
    return request[:at] + junk + request[at:]


def _doubled(dice: random.Random, request: bytes) -> bytes:
    lines = request.split(b"\r\n")
    lines.insert(dice.randrange(len(lines)), dice.choice(lines))
    return b"\r\n".join(lines)


def _wrong_length(dice: random.Random, request: bytes) -> bytes:
    head, body = _split(request)
    head = re.sub(rb"\r\nContent-Length: [^\r]*", b"", head, flags=re.IGNORECASE)
    length = dice.choice((b"0", b"5", b"-1", b"+7", b"99999", b"99999999999999999999", b"0x10", b"1e3", b"", b"4, 4"))
    return head + b"\r\nContent-Length: " + length + b"\r\n\r\n" + body


def _two_framings(dice: random.Random, request: bytes) -> bytes:
    head, body = _split(request)
    more = dice.choice((b"chunked", b"gzip, chunked", b"chunked, chunked", b"identity", b"xchunked", b" chunked"))
    return head + b"\r\nTransfer-Encoding: " + more + b"\r\n\r\n" + body


def _bad_chunks(dice: random.Random, request: bytes) -> bytes:
    head, body = _split(request)
    head = re.sub(rb"\r\nContent-Length: [^\r]*", b"", head, flags=re.IGNORECASE)
    size = dice.choice((b"%x" % len(body), b"FFFFFFFFFFFFFFFFF", b"-1", b"zz", b"", b"5;ext=" + b"a" * 500, b"1"))
    return head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + size + b"\r\n" + body + b"\r\n0\r\n\r\n"


def _flood(dice: random.Random, request: bytes) -> bytes:
    head, body = _split(request)
    lines = dice.choice(
        (
            [b"X-%d: y" % number for number in range(200)],
            [b"X-Long: " + b"y" * 70_000],
            [b"x" * 40_000 + b": y"],
            [b"Cookie: " + b"a=b; " * 2_000],
        )
    )
    return b"\r\n".join([head, *lines]) + b"\r\n\r\n" + body


def _other_line(dice: random.Random, request: bytes) -> bytes:
    _, _, rest = request.partition(b"\r\n")
    line = dice.choice(
        (
            b"GET / HTTP/0.9",
            b"GET / HTTP/2.0",
            b"PRI * HTTP/2.0",
            b"get /healthz HTTP/1.1",
            b"GET http://127.0.0.1/healthz HTTP/1.1",
            b"OPTIONS * HTTP/1.1",
            b"CONNECT 127.0.0.1:1 HTTP/1.1",
            b"POST /v1/" + b"a/" * 3_000 + b" HTTP/1.1",
            b"GET /v1/\x80\xff HTTP/1.1",
            b"GET /v1/me?" + b"a=b&" * 3_000 + b" HTTP/1.1",
            b"GET  /healthz  HTTP/1.1",
        )
    )
    return line + b"\r\n" + rest


def _other_body(dice: random.Random, request: bytes) -> bytes:
    head, _ = _split(request)
    head = re.sub(rb"\r\nContent-Length: [^\r]*", b"", head, flags=re.IGNORECASE)
    body = dice.choice(
        (b"[" * 50_000, b'{"a":' * 5_000, b"\xff" * 500, b'{"points":' + b"9" * 5_000 + b"}", dice.randbytes(2_000))
    )
    return head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


_MUTATIONS: Final[Sequence[Callable[[random.Random, bytes], bytes]]] = (
    _truncated,
    _flipped,
    _inserted,
    _doubled,
    _wrong_length,
    _two_framings,
    _bad_chunks,
    _flood,
    _other_line,
    _other_body,
)
