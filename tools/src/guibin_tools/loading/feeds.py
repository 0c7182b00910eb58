"""Takes feed files through the product's own loader, as the worker."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from uuid import UUID

from guibin import wiring
from guibin.core.errors import Refusal
from guibin.core.lines import Line
from guibin.core.unit_of_work import unit_of_work
from guibin.feeds.models import FeedKind, FeedMode
from guibin.feeds.service import FeedResult, FeedSource, load_sources, take_file
from guibin.security.actors import Actor, ActorKind
from guibin.security.ciphers import KeyRing
from guibin_tools.errors import OperatorError
from guibin_tools.roles import Role
from guibin_tools.sessions import open_keys, sessions_as
from guibin_tools.settings import OperatorSettings

OPERATOR = Actor(ActorKind.JOB, UUID("0190a4b0-0000-7000-8000-00000000c11d"), "job:operator")
"""Who takes a file when an operator types it; the same in every deployment, so that a trail can be searched for it."""

Show = Callable[[str], None]
_CHUNK_BYTES = 1 << 20


async def load_feeds(
    settings: OperatorSettings, keys: KeyRing, sources: Iterable[FeedSource], *, show: Show
) -> list[FeedResult]:
    """Take files in their order, each in a transaction of its own.

    Raises:
        OperatorError: a file was refused; those before it are in.
    """
    wiring.connect()

    def progress(name: str, counts: Mapping[str, int]) -> None:
        show(f"{name}: {written(counts)}")

    async with sessions_as(Role.WORKER, settings) as factory:
        with _refusals_as_sentences("The feeds"):
            return await load_sources(factory, keys, sources, actor=OPERATOR, progress=progress)


async def load_file(
    settings: OperatorSettings,
    path: Path,
    *,
    line: Line,
    kind: FeedKind,
    business_date: date,
    mode: FeedMode,
    dry_run: bool,
) -> FeedResult:
    """Take one file of any size; a dry run says what would become of it and stores nothing.

    Raises:
        OperatorError: the whole file is refused.
    """
    wiring.connect()
    keys = open_keys(settings)
    async with sessions_as(Role.WORKER, settings) as factory:
        with _refusals_as_sentences(path.name):
            async with unit_of_work(factory) as work:
                await work.protect()
                return await take_file(
                    work.session,
                    keys,
                    line=line,
                    kind=kind,
                    business_date=business_date,
                    mode=mode,
                    stream=_chunks(path),
                    actor=OPERATOR,
                    dry_run=dry_run,
                )


def written(counts: Mapping[str, int]) -> str:
    """Write counts as people read them: `120 rows, 3 rejects`."""
    return ", ".join(f"{value} {name}" for name, value in counts.items())


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


@contextmanager
def _refusals_as_sentences(subject: str) -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        facts = f" {written_facts(refusal.facts)}" if refusal.facts else ""
        raise OperatorError(f"{subject}: {refusal.en} ({refusal.code}).{facts}") from refusal


def written_facts(facts: Mapping[str, object]) -> str:
    """Write the facts of a refusal: `line 3, column date`."""
    return ", ".join(f"{name} {value}" for name, value in facts.items())
