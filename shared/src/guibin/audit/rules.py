"""What a row of the trail may say of a request: which object it names, and whose that is."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

OBJECT_KINDS: Final[Mapping[str, str]] = {
    "apr": "approval",
    "brn": "branch",
    "cll": "call",
    "clm": "claim",
    "cmp": "complaint",
    "cov": "coverage",
    "ctc": "contact",
    "ctk": "care_task",
    "cus": "customer",
    "dsr": "data_request",
    "ent": "points_entry",
    "ers": "erasure",
    "fil": "feed_file",
    "gfh": "gift_handover",
    "gft": "gift",
    "hld": "holding",
    "hnd": "handover",
    "hou": "household",
    "lnk": "link",
    "lot": "points_lot",
    "mat": "match",
    "mgr": "manager",
    "mrg": "merge",
    "ned": "need",
    "opp": "opportunity",
    "pkg": "package",
    "prm": "promise",
    "rdm": "redemption",
    "rgt": "right",
    "rpp": "proposal",
    "rst": "restriction",
    "rsv": "reservation",
    "run": "run",
    "sch": "tier_scheme",
    "asr": "asset_rule",
    "ses": "session",
    "stf": "staff",
    "tch": "touch",
    "whk": "webhook",
}
"""The kinds of objects by the prefix of their public ids; the prefix itself stands for one that is not listed."""

OWNED_BY_CUSTOMERS: Final = frozenset(
    {
        "cll",
        "clm",
        "cmp",
        "cov",
        "ctc",
        "ctk",
        "cus",
        "dsr",
        "ent",
        "ers",
        "gfh",
        "hld",
        "hnd",
        "hou",
        "lnk",
        "lot",
        "mat",
        "ned",
        "opp",
        "ord",
        "prm",
        "rdm",
        "rpp",
        "rst",
        "rsv",
        "ses",
        "tch",
    }
)
"""Prefixes of what belongs to a customer: asking for one that is not found is kept with its id."""

CUSTOMER: Final = "cus"
NO_OBJECT: Final = "-"

_PUBLIC_ID: Final = re.compile(r"([a-z]{3})_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
_CODE: Final = re.compile(r"(?!.*\d{7})[A-Za-z][A-Za-z0-9_.-]{0,63}|\d{4}-\d\d(?:-\d\d)?")


@dataclass(frozen=True, slots=True)
class Named:
    """What a request names: the object, and the customer to whom the row belongs where it names one."""

    object_type: str
    object_id: str
    customer_id: UUID | None = None
    is_owned: bool = False


def named_by(path: Mapping[str, str], body: Mapping[str, object], *, noun: str) -> Named:
    """Find the object of a request in its path, else the customer in its body; `noun` is what the path is about.

    An id is taken as it was written: whether such an object exists is not asked. What is neither an id nor a code is
    not kept: a refused caller may have written anything.
    """
    in_path = [match for value in path.values() if (match := _PUBLIC_ID.fullmatch(value))]
    in_body = [match for value in body.values() if isinstance(value, str) and (match := _PUBLIC_ID.fullmatch(value))]
    customers = [match for match in (*in_path, *in_body) if match[1] == CUSTOMER]
    owned = [match for match in (*in_path, *in_body) if match[1] in OWNED_BY_CUSTOMERS]
    first = next(iter([*in_path, *customers, *owned]), None)
    customer_id = UUID(customers[0][2]) if customers else None
    if first is None:
        return Named(noun, next((value for value in path.values() if _CODE.fullmatch(value)), NO_OBJECT))
    return Named(OBJECT_KINDS.get(first[1], first[1]), first[0], customer_id, is_owned=bool(owned))


def noun_of(path: str) -> str:
    """Return what a route is about: the first word of its path after the version."""
    words = _words(path)
    return next(iter(words), NO_OBJECT)


def _words(path: str) -> Iterable[str]:
    return (part for part in path.split("/")[2:] if part and not part.startswith("{"))
