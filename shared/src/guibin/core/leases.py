"""Leases: who does a piece of work now, and until when nobody else does."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.models import LOCAL, SQLModel, instant


class Lease(SQLModel, table=True):
    """Who does a piece of work now, and until when nobody else does."""

    __tablename__ = "lease"
    __table_args__ = (LOCAL,)

    name: str = Field(sa_type=Text, primary_key=True)
    holder: UUID
    expires_at: datetime = instant()


async def take_lease(session: AsyncSession, *, name: str, holder: UUID, now: datetime, until: datetime) -> bool:
    """Take or renew a lease; False while somebody else holds it."""
    statement = insert(Lease).values(name=name, holder=holder, expires_at=until)
    new = statement.excluded
    taken = statement.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": new.holder, "expires_at": new.expires_at},
        where=(col(Lease.expires_at) <= now) | (col(Lease.holder) == holder),
    ).returning(col(Lease.name))
    return (await session.execute(taken)).first() is not None


async def drop_lease(session: AsyncSession, *, name: str, holder: UUID, now: datetime) -> None:
    """Let a lease go."""
    await session.execute(
        update(Lease).where(col(Lease.name) == name, col(Lease.holder) == holder).values(expires_at=now)
    )
