"""Answers that a caller may keep: a version of their own, and 304 for who has it already."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.responses import Response

FOR_A_YEAR: Final = "public, max-age=31536000, immutable"
"""Of an address that names the version: what it shows never changes."""

FOR_A_MINUTE: Final = "public, max-age=60"
ASKED_AGAIN: Final = "private, no-cache"
"""Kept by the caller alone, and never shown without asking."""


@dataclass(frozen=True, slots=True)
class Had:
    """The versions that a caller says to have, by If-None-Match."""

    versions: frozenset[str]

    def holds(self, version: str) -> bool:
        """Tell whether one of them is this one."""
        return not self.versions.isdisjoint({"*", f'"{version}"'})


def _had(request: Request) -> Had:
    named = ",".join(request.headers.getlist("if-none-match")).split(",")
    return Had(frozenset(one.strip().removeprefix("W/") for one in named))


CallersCopies = Annotated[Had, Depends(_had)]
"""The parameter of an endpoint that takes what the caller has."""


def not_modified(version: str, keep: str) -> Response:
    """Answer that the caller's copy is the present one."""
    return Response(status_code=304, headers=_headers(version, keep))


def kept_response(content: bytes, *, media_type: str, version: str, keep: str) -> Response:
    """Answer bytes with their version and how long they may be kept."""
    return Response(content, media_type=media_type, headers=_headers(version, keep))


def _headers(version: str, keep: str) -> dict[str, str]:
    return {"ETag": f'"{version}"', "Cache-Control": keep}
