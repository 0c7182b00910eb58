"""The open list of what names tags and facts; `guibin.wiring` fills it from the domains above.

A rule of earning, a right that is for holders of a tag, a care plan: whoever names a tag in what it decides by says so
here, or nobody learns of it before the tag goes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sqlmodel.ext.asyncio.session import AsyncSession


@dataclass(frozen=True, slots=True)
class User:
    """Something that decides by tags or facts: what it is, its code, and what it names.

    `in_force` says whether it decides by them now; a draft does not yet.
    """

    kind: str
    code: str
    name_zh: str
    name_en: str
    in_force: bool
    tags: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """Kind and code in one word, as lists in approvals and refusals show them."""
        return f"{self.kind}:{self.code}"


class UsersOfTags(Protocol):
    """A domain in which tags and facts are named."""

    async def list_users(self, session: AsyncSession) -> Sequence[User]:
        """Return everything of the domain that names a tag or a fact, drafts too; nothing that has ended."""


_LISTS: Final[list[UsersOfTags]] = []


def register(users: UsersOfTags) -> None:
    """Put a domain into the list; the same again changes nothing."""
    if users not in _LISTS:
        _LISTS.append(users)


async def users_of_tags(session: AsyncSession, codes: Collection[str]) -> list[User]:
    """Return whatever names one of some tags, in the order of kinds and codes."""
    wanted = frozenset(codes)
    return [user for user in await _all_users(session) if user.tags & wanted]


async def users_of_fact(session: AsyncSession, name: str) -> list[User]:
    """Return whatever names a fact, in the order of kinds and codes."""
    return [user for user in await _all_users(session) if name in user.facts]


async def tags_in_use(session: AsyncSession) -> frozenset[str]:
    """Return the codes of all tags by which something decides now."""
    return frozenset[str]().union(*(user.tags for user in await _all_users(session) if user.in_force))


async def _all_users(session: AsyncSession) -> list[User]:
    found = [user for one in _LISTS for user in await one.list_users(session)]
    return sorted(found, key=lambda user: (user.kind, user.code, not user.in_force))
