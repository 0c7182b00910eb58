"""Which methods a path has. A path that is written out is not taken for an id of the same place in another path."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.routing import BaseRoute, Route

from guibin.web.errors import MethodNotAllowed


@dataclass(frozen=True, slots=True)
class _Template:
    text: str
    regex: re.Pattern[str]
    methods: frozenset[str]

    def is_hidden_by(self, other: "_Template") -> bool:
        """Tell whether the other is the same path with words where this one has parameters."""
        mine, others = self.text.split("/"), other.text.split("/")
        if self.text == other.text or len(mine) != len(others):
            return False
        return all(word == theirs or word.startswith("{") for word, theirs in zip(mine, others, strict=True))


class Paths:
    """All paths of a port: of two that fit an address, the one with more words in it counts."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._templates = [
            _Template(route.path, route.path_regex, frozenset(route.methods or ()))
            for route in routes
            if isinstance(route, Route)
        ]
        self._contested = frozenset(
            one.text for one in self._templates if any(one.is_hidden_by(other) for other in self._templates)
        )

    def methods_of(self, path: str) -> tuple[str, ...]:
        """Return all methods of an address; the router itself names those of one route only."""
        fitting = [one for one in self._templates if one.regex.fullmatch(path)]
        shown = [one for one in fitting if not any(one.is_hidden_by(other) for other in fitting)]
        return tuple(sorted(set().union(*(one.methods for one in shown))))

    def hold(self, *, template: str, method: str, path: str) -> None:
        """Hold a request to the methods of its address, where another path fits it better than the one found.

        Raises:
            MethodNotAllowed: with the methods that there are.
        """
        if template in self._contested:
            allowed = self.methods_of(path)
            if method not in allowed:
                raise MethodNotAllowed(allowed=allowed)
