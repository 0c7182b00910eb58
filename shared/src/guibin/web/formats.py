"""In which form an answer is wanted: JSON, or what a route declares beside it, by the Accept header."""

import re
from collections.abc import Collection, Iterator
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.responses import Response

from guibin.core.pictures import PictureKind
from guibin.web.errors import NotAcceptable

HTML: Final = "text/html"
CSV: Final = "text/csv"
PICTURES: Final = (*(kind.value for kind in PictureKind), "image/*")
OTHERS: Final = frozenset({HTML, CSV, *PICTURES})
"""What a route may answer in beside JSON: only those that declare it do, and only for who names it."""

_JSON: Final = frozenset({"*/*", "application/*", "application/json", "application/problem+json"})
_NAMED_JSON: Final = frozenset({"application/json"})
_REFUSED: Final = re.compile(r"(?:^|;)\s*q=0(?:\.0*)?\s*(?:;|$)")


def takes_json(accept: str) -> bool:
    """Tell whether an Accept header lets JSON in."""
    return names_one_of(accept, _JSON)


def names_one_of(accept: str, media_types: Collection[str]) -> bool:
    """Tell whether an Accept header lists one of these types, and not with quality 0."""
    return any(one in media_types for one in _named(accept))


def hold_to_formats(request: Request, formats: Collection[str]) -> None:
    """Refuse a caller who takes neither JSON nor what the route answers in beside it.

    Raises:
        NotAcceptable.
    """
    accept = accept_of(request)
    if accept and not takes_json(accept) and not names_one_of(accept, formats):
        raise NotAcceptable


def accept_of(request: Request) -> str:
    """Return the Accept header, all of its lines."""
    return ",".join(request.headers.getlist("accept"))


def page_response(page: str, *, policy: str) -> Response:
    """Answer a page with its own Content-Security-Policy."""
    return Response(page, media_type=HTML, headers={"Content-Security-Policy": policy})


def _named(accept: str) -> Iterator[str]:
    for item in accept.split(","):
        media_type, _, parameters = item.partition(";")
        if not _REFUSED.search(parameters):
            yield media_type.strip().lower()


def _wants(request: Request) -> str | None:
    """Return which of the other forms the caller names, unless JSON is named too."""
    accept = accept_of(request)
    if names_one_of(accept, _NAMED_JSON):
        return None
    return next((one for one in _named(accept) if one in OTHERS), None)


Wanted = Annotated[str | None, Depends(_wants)]
"""The media type beside JSON that the caller asks for; None for JSON. The route has to declare it in `formats`."""
