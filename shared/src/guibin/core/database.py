"""Engines and sessions. An engine is made once per process, in its lifespan, and handed over."""

from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

SessionFactory = async_sessionmaker[AsyncSession]


def make_engine(url: str, *, pool_size: int, application: str, queue_seconds: float = 5) -> AsyncEngine:
    """Make an engine for an asyncpg URL; `application` is shown in pg_stat_activity.

    Whoever finds all connections taken waits for one at most `queue_seconds`.
    """
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=queue_seconds,
        pool_pre_ping=True,
        hide_parameters=True,  # bound values may be personal, and errors are logged
        connect_args={"server_settings": {"application_name": application, "timezone": "UTC"}},
    )


def make_session_factory(engine: AsyncEngine) -> SessionFactory:
    """Make the factory of sessions; loaded rows stay readable after the commit."""
    return async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
