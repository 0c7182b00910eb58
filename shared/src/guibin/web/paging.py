"""Lists page by page. A cursor says where the next page begins; it is signed and fits one caller, path and filter."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field

from guibin.core import clock
from guibin.security.ciphers import KeyRing
from guibin.web.call import Call
from guibin.web.errors import CursorInvalid

Row = TypeVar("Row")
Item = TypeVar("Item")

Place = tuple[bool, int, datetime, UUID]
Position = int | str | tuple[datetime, UUID] | Place
"""Where a list stands after a row: its `seq`, its code, its (created_at, id), or its place in the catalogue."""

DEFAULT_LIMIT: Final = 20
MOST_ITEMS: Final = 100
CURSOR_LIFE: Final = timedelta(hours=24)

_SIGNATURE_BYTES: Final = 32
_LONGEST_CURSOR: Final = 512
_NO_FILTER: Final = frozenset({"limit", "cursor"})


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; null on the last one")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page the caller asks for. Fetch `fetch` rows after `after`, in order, and hand them to `answer`."""

    limit: int
    after: Position | None
    _keys: KeyRing
    _context: bytes

    @property
    def fetch(self) -> int:
        """How many rows to fetch: one more than the page holds tells whether another page follows."""
        return self.limit + 1

    @property
    def after_seq(self) -> int | None:
        """The position in a list ordered by a whole number."""
        return self._typed(int)

    @property
    def after_code(self) -> str | None:
        """The position in a list ordered by a code."""
        return self._typed(str)

    @property
    def after_id(self) -> UUID | None:
        """The position in a list ordered by an id; rows state it as text."""
        code = self.after_code
        return None if code is None else UUID(code)

    @property
    def after_moment(self) -> tuple[datetime, UUID] | None:
        """The position in a list ordered by (created_at, id)."""
        match self.after:
            case None | (datetime(), UUID()):
                return self.after
        raise CursorInvalid

    @property
    def after_place(self) -> Place | None:
        """The position in a list ordered as the catalogue is."""
        match self.after:
            case None | (bool(), int(), datetime(), UUID()):
                return self.after
        raise CursorInvalid

    def answer(
        self, rows: Sequence[Row], *, position: Callable[[Row], Position], shape: Callable[[Row], Item]
    ) -> Page[Item]:
        """Make the page from the rows fetched: `position` tells where a row stands, `shape` how it is shown."""
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        cursor = write_cursor(self._keys, self._context, position(shown[-1])) if more else None
        return Page(items=[shape(row) for row in shown], next_cursor=cursor)

    def _typed(self, kind: type[Row]) -> Row | None:
        if self.after is not None and not isinstance(self.after, kind):
            raise CursorInvalid
        return self.after


async def _page(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS, description="Items per page")] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, Query(max_length=_LONGEST_CURSOR, description="`next_cursor` of the page before")
    ] = None,
) -> PageRequest:
    call = request.state.visit
    if not isinstance(call, Call):
        raise TypeError("only a call of an actor has pages")
    context = _context(call, request)
    after = None if cursor is None else read_cursor(call.keys, context, cursor)
    return PageRequest(limit, after, call.keys, context)


def page_query() -> Any:
    """Annotate the parameter that takes `limit` and `cursor` as a `PageRequest`."""
    return Depends(_page)


def _context(call: Call, request: Request) -> bytes:
    filters = sorted(item for item in request.query_params.multi_items() if item[0] not in _NO_FILTER)
    return json.dumps([str(call.actor.id), request.scope["path"], filters]).encode()


def write_cursor(keys: KeyRing, context: bytes, position: Position) -> str:
    """Sign a position for a context: who asks, where, with which filters."""
    if isinstance(position, tuple):
        *place, at, row_id = position
        written: object = [*place, at.isoformat(), str(row_id)]
    else:
        written = position
    payload = json.dumps([int(clock.now().timestamp()), written], separators=(",", ":")).encode()
    signature = keys.sign("cursor", context + b"\n" + payload)
    return base64.urlsafe_b64encode(signature + payload).rstrip(b"=").decode("ascii")


def read_cursor(keys: KeyRing, context: bytes, cursor: str) -> Position:
    """Return the position of a cursor.

    Raises:
        CursorInvalid: altered, of another context, or older than a day.
    """
    try:
        opened = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise CursorInvalid from None
    signature, payload = opened[:_SIGNATURE_BYTES], opened[_SIGNATURE_BYTES:]
    if not keys.check("cursor", context + b"\n" + payload, signature):
        raise CursorInvalid
    made_at, written = json.loads(payload)
    if clock.now().timestamp() - made_at > CURSOR_LIFE.total_seconds():
        raise CursorInvalid
    return _position(written)


def _position(written: Any) -> Position:
    if not isinstance(written, list):
        return written  # type: ignore[no-any-return]
    *place, at, row_id = written
    moment = datetime.fromisoformat(at), UUID(row_id)
    return (bool(place[0]), int(place[1]), *moment) if place else moment
