"""Reading the trail for the check of its chain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import repository
from guibin.audit.anchors import AnchorBook, AnchorInvalid, load_public_key
from guibin.audit.chain import Anchor, ChainCheck, Fault, Finding, first_of
from guibin.core.logging import logger
from guibin.core.settings import Settings

PAGE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check found: how many rows are sealed, how many still wait for a seal, and the first bad row.

    `first_seq` is the number of the first seal. One above 1 says that the trail begins at an anchor: what is before it
    has to lie in the archive, which only a person can hold against it.
    """

    sealed: int
    waiting: int
    anchors: int
    first_seq: int | None
    finding: Finding | None


def anchors_of(settings: Settings) -> list[Anchor]:
    """Return the anchors of the deployment; none before the worker has made its first.

    Raises:
        AnchorInvalid: one is not signed by the deployment's key.
    """
    key_file = settings.effective_audit_anchor_public_key_file
    book = AnchorBook(settings.effective_audit_anchor_file)
    if not key_file.exists() and not book.file.exists():
        return []
    return book.read(load_public_key(key_file))


async def verify_deployment(session: AsyncSession, settings: Settings) -> Verdict:
    """Check the trail against the anchors of the deployment; an anchor that is not ours is the finding."""
    try:
        anchors = anchors_of(settings)
    except AnchorInvalid as error:
        logger().error("anchor_invalid", fault=str(error))
        return Verdict(0, 0, 0, None, Finding(Fault.ANCHOR_INVALID))
    return await verify(session, anchors)


async def verify(session: AsyncSession, anchors: Sequence[Anchor]) -> Verdict:
    """Check every row against its seal, every seal against the one before, and the chain against its anchors."""
    check = ChainCheck(anchors)
    finding, seen, last = None, 0, 0
    while finding is None:
        links = await repository.links_after(session, seq=last, limit=PAGE)
        for link in links:
            finding = check.follow(link)
            if finding is not None:
                break
            seen, last = seen + 1, link.seq
        if len(links) < PAGE:
            break
    finding = finding or check.end()
    intruder = await repository.first_row_without_seal(session)
    waiting = await repository.count_waiting(session)
    return Verdict(seen, waiting, len(anchors), check.first_seq, first_of(finding, intruder))
