"""What every engine of a test process would find out for itself: what the server is, and what a statement compiles to.

A port makes one engine and lives with it; a test run makes thousands, each with an empty cache and a server it does not
know, and would spend a tenth of its time on compiling the same statements again.
"""

from typing import Any, ClassVar, Final

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.util import LRUCache

_STATEMENTS: Final[LRUCache[Any, Any]] = LRUCache(4000)


class SharedDialect(PGDialect_asyncpg):
    """The dialect of all engines of this process, which talk to one server: each is equal to each."""

    supports_statement_cache = True
    _learned: ClassVar[dict[str, Any]] = {}

    def __eq__(self, other: object) -> bool:
        """Make what one engine has compiled the same statement to all."""
        return isinstance(other, SharedDialect)

    def __hash__(self) -> int:
        return hash(SharedDialect)

    def initialize(self, connection: Connection) -> None:
        """Ask the server what it is, once."""
        if not self._learned:
            before = dict(vars(self))
            super().initialize(connection)  # type: ignore[no-untyped-call]
            self._learned.update({name: value for name, value in vars(self).items() if before.get(name) != value})
        vars(self).update(self._learned)

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        """Hand the common cache to an engine."""
        engine.update_execution_options(compiled_cache=_STATEMENTS)


def share_statements() -> None:
    """Let every engine that this process makes from now on use the common cache."""
    registry.register("postgresql.asyncpg", __name__, SharedDialect.__name__)
