"""One call of a webhook against a real receiver: the address that is called, what is kept, what counts as failed."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from guibin.outbox import sending
from guibin.outbox.models import DeliveryFailure
from guibin.outbox.rules import Address, read_networks
from guibin.outbox.sending import Outcome, WebhookSender
from support.receivers import BAD, ELSEWHERE, receiving

NAME = "hooks.bank.example"
HEADERS = {"Guibin-Event-Id": "evt_1"}


def tls(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for the name; return the server's context and the file that a client trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return context, certificate


class Names:
    """A name service that says what it is told, one answer after the other."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        self.asked += 1
        return [ip_address(one) for one in self.answers[min(self.asked, len(self.answers)) - 1]]


async def test_a_name_is_looked_up_once_and_the_address_that_was_looked_at_is_called(tmp_path: Path) -> None:
    context, trusted = tls(tmp_path)
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    own = read_networks("127.0.0.1/32")
    async with (
        receiving(context=context) as receiver,
        WebhookSender(in_development=False, networks=own, ca_file=trusted, resolve=names) as sender,
    ):
        url = f"https://{NAME}:{receiver.port}/hook?x=1"
        assert await sender.send(url, b'{"type":"x"}', HEADERS) == Outcome(200, "ok")
        assert await sender.send(url, b"{}", HEADERS) == Outcome(failure=DeliveryFailure.ADDRESS_NOT_ALLOWED)
        assert await sender.send(url.replace(NAME, "127.0.0.1"), b"{}", HEADERS) == Outcome(
            failure=DeliveryFailure.ADDRESS_NOT_ALLOWED  # the third look-up is the second answer again
        )
    (got,) = receiver.received
    assert names.asked == 3
    assert got.body == b'{"type":"x"}'
    assert got.headers["host"] == f"{NAME}:{receiver.port}"
    assert (got.headers["guibin-event-id"], got.headers["content-type"]) == ("evt_1", "application/json")
    assert "cookie" not in got.headers


async def test_a_certificate_of_another_name_is_not_taken(tmp_path: Path) -> None:
    context, trusted = tls(tmp_path)
    own = read_networks("127.0.0.1/32")
    names = Names(["127.0.0.1"])
    async with (
        receiving(context=context) as receiver,
        WebhookSender(in_development=False, networks=own, ca_file=trusted, resolve=names) as sender,
    ):
        outcome = await sender.send(f"https://other.example:{receiver.port}/", b"{}", {})
    assert outcome == Outcome(failure=DeliveryFailure.UNREACHABLE)
    assert receiver.received == []


@pytest.mark.parametrize("found", [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["169.254.169.254"], ["::1"]])
async def test_g8_a_name_that_leads_inside_is_not_called(found: list[str]) -> None:
    async with WebhookSender(in_development=False, resolve=Names(found)) as sender:
        outcome = await sender.send(f"https://{NAME}/", b"{}", {})
    assert outcome == Outcome(failure=DeliveryFailure.ADDRESS_NOT_ALLOWED)


async def test_whoever_sends_us_elsewhere_is_not_followed_and_an_answer_of_500_is_kept_and_fails() -> None:
    async with WebhookSender(in_development=True) as sender, receiving(answer=ELSEWHERE) as receiver:
        moved = await sender.send(receiver.url, b"{}", {})
        receiver.answer = BAD
        failed = await sender.send(receiver.url, b"{}", {})
    assert (moved.status, moved.delivered) == (302, False)
    assert (failed, failed.delivered) == (Outcome(500, "oops"), False)


async def test_of_an_answer_the_beginning_is_kept_without_what_reads_personal() -> None:
    words = "客户 13800138000\x00\n" + "长" * 3_000
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(words.encode())}\r\n\r\n{words}".encode()
    async with WebhookSender(in_development=True) as sender, receiving(answer=answer) as receiver:
        outcome = await sender.send(receiver.url, b"{}", {})
    assert outcome.delivered
    assert outcome.answer is not None
    assert outcome.answer.startswith("客户 [redacted]  长")
    assert len(outcome.answer) == 200


async def test_who_does_not_answer_in_time_or_at_all_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "SECONDS", 0.05)
    async with WebhookSender(in_development=True) as sender, receiving(pause=1) as receiver:
        slow = await sender.send(receiver.url, b"{}", {})
        receiver.pause, receiver.answer = 0.0, None
        silent = await sender.send(receiver.url, b"{}", {})
    async with WebhookSender(in_development=True) as sender:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            absent = await sender.send(f"http://127.0.0.1:{unused.getsockname()[1]}/", b"{}", {})
        nowhere = await sender.send("http://no-such-name.invalid/", b"{}", {})
    assert slow.failure is DeliveryFailure.TIMEOUT
    assert [one.failure for one in (silent, absent)] == [DeliveryFailure.UNREACHABLE] * 2
    assert nowhere.failure in {DeliveryFailure.UNREACHABLE, DeliveryFailure.TIMEOUT}
    await asyncio.sleep(0)
