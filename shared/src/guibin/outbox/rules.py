"""Decisions on events and their delivery, over plain values."""

import hmac
import json
import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Networks = tuple[Network, ...]

PAUSES: Final = tuple(
    timedelta(seconds=seconds) for seconds in (10, 30, 120, 600, 1_800, 3_600, 14_400, 28_800, 43_200, 86_400, 86_400)
)
"""From each failed try to the next: twelve tries over three days."""

TRIES: Final = len(PAUSES) + 1
LONGEST_CONSUMER_PAUSE: Final = timedelta(minutes=30)
JITTER: Final = 0.2

SIGNATURE_LIFE: Final = timedelta(seconds=300)
"""How far a receiver lets the time of a signature be from its own, either way."""

_SIGNATURE: Final = re.compile(r"t=(\d{1,12})((?:,k\d{1,6}=[0-9a-f]{64}){1,4})")

OLD_SECRET_LIFE: Final = timedelta(hours=24)
ANSWER_KEPT: Final = 200

_URL_LENGTH: Final = 500
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
_LOCAL_NAMES: Final = (".local", ".localhost", ".internal", ".localdomain")


def next_try(attempts: int, *, now: datetime, spread: float, for_ever: bool = False) -> datetime | None:
    """Return when a delivery is tried again after so many failed tries; None: never, it is dead.

    `spread` is between -1 and 1 and chosen at random, so that what failed together does not come back together.
    `for_ever`: a consumer of ours is tried again until it applies the event.
    """
    if attempts >= TRIES and not for_ever:
        return None
    pause = PAUSES[min(attempts, len(PAUSES)) - 1]
    if for_ever:
        pause = min(pause, LONGEST_CONSUMER_PAUSE)
    return now + pause * (1 + JITTER * spread)


def body_of(envelope: Mapping[str, Any]) -> bytes:
    """Write an event as it is sent; the same envelope always gives the same bytes, for they are signed."""
    return json.dumps(envelope, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def signature_of(body: bytes, secrets: Mapping[int, bytes], *, at: datetime) -> str:
    """Write the header `Guibin-Signature`: the time, and for each secret its key id and HMAC-SHA-256.

    What is signed is the time in Unix seconds, a full stop, and the bytes of the body.
    """
    seconds = int(at.timestamp())
    signed = f"{seconds}.".encode() + body
    marks = [f"k{number}={hmac.digest(secret, signed, 'sha256').hex()}" for number, secret in sorted(secrets.items())]
    return ",".join([f"t={seconds}", *marks])


def is_signed(
    header: str | None, body: bytes, secrets: Collection[str], *, now: datetime, life: timedelta = SIGNATURE_LIFE
) -> bool:
    """Tell whether a header `Guibin-Signature` signs these bytes by one of the secrets, within the time.

    What is signed is the time in Unix seconds, a full stop, and the bytes of the body.
    """
    read = _SIGNATURE.fullmatch(header or "")
    if read is None or abs(now.timestamp() - int(read[1])) > life.total_seconds():
        return False
    given = [mark.partition("=")[2] for mark in read[2].removeprefix(",").split(",")]
    signed = f"{read[1]}.".encode() + body
    known = [hmac.digest(secret.encode(), signed, "sha256").hex() for secret in secrets]
    matches = [hmac.compare_digest(one, other) for one in given for other in known]
    return any(matches)


def read_networks(listed: str) -> Networks:
    """Read networks that are separated by commas.

    Raises:
        ValueError: something in the list is no network.
    """
    return tuple(ip_network(part.strip()) for part in listed.split(",") if part.strip())


def is_url_allowed(url: str, *, in_development: bool, networks: Networks = ()) -> bool:
    """Tell whether events may be sent to a URL, as far as the URL itself says.

    https, a host, no user in it, no fragment; outside development no address and no name that leads into our own
    house. Where a name leads is looked at before each delivery (`is_address_allowed`).
    """
    parts = _split(url)
    if parts is None or len(url) > _URL_LENGTH or not url.isascii() or any(sign.isspace() for sign in url):
        return False
    if parts.scheme not in ({"https", "http"} if in_development else {"https"}) or not parts.hostname:
        return False
    if "@" in parts.netloc or parts.fragment or "\\" in url:
        return False
    return in_development or _is_host_allowed(parts.hostname, networks)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _is_host_allowed(host: str, networks: Networks) -> bool:
    try:
        return is_address_allowed(ip_address(host), networks=networks)
    except ValueError:
        pass
    name = host.rstrip(".").lower()
    labels = name.split(".")
    if labels[-1][:1].isdigit():  # another way to write an address; no name ends so
        return False
    return bool(networks) or (len(labels) > 1 and not name.endswith(_LOCAL_NAMES))


def is_address_allowed(address: Address, *, networks: Networks = ()) -> bool:
    """Tell whether an address may be called: a public one, or one of the bank's own networks that were named."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_address_allowed(address.ipv4_mapped, networks=networks)
        if address in _TRANSLATED or address.sixtofour is not None or address.teredo is not None:
            return False
    if any(address.version == network.version and address in network for network in networks):
        return True
    return address.is_global and not address.is_multicast
