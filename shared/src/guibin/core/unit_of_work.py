"""One request, one transaction, three ends: commit, refuse (and keep what must survive), or roll back."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSessionTransaction
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.database import SessionFactory
from guibin.core.errors import Refusal
from guibin.core.logging import error_facts, logger

Write = Callable[[AsyncSession], Awaitable[None]]
Deed = Callable[[], Awaitable[None]]


class UnitOfWork:
    """The transaction of one command.

    What was written before `protect()` survives a refusal, and so does what `survive()` registered: the stored answer,
    the audit row, counters of tries. Everything after `protect()` is undone by a refusal.
    """

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self._savepoint: AsyncSessionTransaction | None = None
        self._survivors: list[Write] = []
        self._opening: Write | None = None
        self._deeds: list[Deed] = []

    def reopen_with(self, opening: Write) -> None:
        """Say what a new transaction of this unit begins with: one in which writes survive a full roll-back."""
        self._opening = opening

    async def protect(self) -> None:
        """Set the savepoint to which a refusal returns."""
        self._savepoint = await self.session.begin_nested()

    def survive(self, write: Write) -> None:
        """Register a write that is made even when the command is refused."""
        self._survivors.append(write)

    def after_commit(self, deed: Deed) -> None:
        """Register what is done once the transaction is committed and the connection given back: a message to send.

        A refusal forgets the deeds of its command; what a surviving write registers is done. A deed that fails is
        logged and changes no answer.
        """
        self._deeds.append(deed)

    async def abandon(self) -> None:
        """Undo what was written before `protect()` too; only what `survive()` registered can still be written."""
        self._savepoint = None
        self._deeds.clear()
        await self.session.rollback()

    async def end_refused(self) -> None:
        """Undo the command, write what must survive, commit."""
        self._deeds.clear()
        if self._savepoint is None:
            await self.session.rollback()
            if self._survivors and self._opening is not None:
                await self._opening(self.session)
        elif self.session.in_nested_transaction():  # a failed flush leaves it inactive, and it still has to be closed
            await self._savepoint.rollback()
        for write in self._survivors:
            await write(self.session)
        await self.session.commit()

    async def follow_up(self) -> None:
        """Do what was to be done after the commit."""
        for deed in self._deeds:
            try:
                await deed()
            except Exception as error:  # noqa: BLE001 - the command is done, whatever becomes of its message
                logger().error("deed_failed", **error_facts(error))


@asynccontextmanager
async def unit_of_work(factory: SessionFactory) -> AsyncIterator[UnitOfWork]:
    """Run a block as one unit of work; services and repositories inside it never commit.

    Raises whatever the block raises: a `Refusal` after the second end, anything else after a roll-back.
    """
    async with factory() as session:
        work = UnitOfWork(session)
        try:
            yield work
        except Refusal:
            await work.end_refused()
            await session.close()
            await work.follow_up()
            raise
        await session.commit()
    await work.follow_up()
