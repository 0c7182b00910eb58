"""Every route of both ports as it declares itself, and requests to it that are well formed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel

from guibin.core.ids import PublicId, new_id, to_public
from guibin.web.bodies import JsonBody
from guibin.web.declaration import Declaration, declaration_of
from guibin.web.parameters import ParameterRules
from guibin.web.route import PortRoute, body_of
from guibin.web.uploads import UploadBody
from guibin_tools.openapi import make_ports

PLACEHOLDERS = {
    "rule_code": "reward_card_spend",
    "wallet": "reward",
    "wallet_code": "reward",
    "business_date": "2026-11-24",
    "day": "2026-11-24",
    "month": "2026-10",
    "year": "2026",
    "kind": "parties",
    "line": "personal_finance",
    "link": "A" * 43,
    "name": "balances.csv",
    "number": "1",
    "part": "1",
    "section": "promises",
    "version": "1",
    "terminal": "supplier_terminal",
}
"""Well-formed values of path parameters that are neither ids nor codes."""


@dataclass(frozen=True)
class Route:
    """A route: its port (`bank-api` or `customer-api`), how it is called, and what it declares."""

    port: str
    method: str
    path: str
    operation_id: str
    declaration: Declaration
    body: JsonBody | UploadBody | None
    ids: dict[str, str]
    """The prefixes of the path's ids, by the name of the parameter."""

    query: tuple[str, ...]
    """The names of the query's parameters."""

    @property
    def name(self) -> str:
        """The method and the path."""
        return f"{self.method} {self.path}"

    @property
    def model(self) -> type[BaseModel] | None:
        """The model of the JSON body; None when the route takes none."""
        return self.body.model if isinstance(self.body, JsonBody) else None

    @property
    def is_upload(self) -> bool:
        """Whether the route takes a file."""
        return isinstance(self.body, UploadBody)

    @property
    def upload_type(self) -> str:
        """The media type that is sent to a route that takes a file: the first of those it names."""
        assert isinstance(self.body, UploadBody)
        return self.body.accepted[0]

    @property
    def takes_json(self) -> bool:
        """Whether the route takes a JSON body."""
        return self.model is not None

    def url(self, *, code: str = "unknown", **ids: UUID) -> str:
        """Fill the path: with the code and the ids that are given, with unknown ids and codes elsewhere."""

        def fill(match: re.Match[str]) -> str:
            name = match[1]
            if name in self.ids:
                return to_public(self.ids[name], ids.get(name) or new_id())
            return PLACEHOLDERS.get(name, code)

        return re.sub(r"\{(\w+)\}", fill, self.path)


def routes_of(port: str, app: FastAPI) -> Iterator[Route]:
    """Yield the routes of an application that stand in its document, in order."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, PortRoute) or not route.include_in_schema:
            continue
        declaration = declaration_of(route.endpoint)
        assert declaration is not None, context.path
        yield from (
            Route(
                port=port,
                method=method,
                path=context.path or "",
                operation_id=route.operation_id or "",
                declaration=declaration,
                body=body_of(route.dependant),
                ids=dict(_ids(route)),
                query=ParameterRules.of(route.dependant).query,
            )
            for method in sorted(route.methods or ())
        )


def all_routes() -> list[Route]:
    """Return the routes of both ports."""
    return [route for port, app in make_ports().items() for route in routes_of(port, app)]


def _ids(route: PortRoute) -> Iterator[tuple[str, str]]:
    for field in route.dependant.path_params:
        for metadata in field.field_info.metadata:
            if isinstance(metadata, PublicId):
                yield field.alias, metadata.prefix
