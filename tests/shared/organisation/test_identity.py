"""From a token to a person: read in one question on every request, so that what changes now holds for the next call."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, update
from sqlmodel import SQLModel, col

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.organisation.models import RevokedToken, RoleGrant, Staff, StaffDelegation, StaffRole
from guibin.organisation.repository import KnownStaff, grants_of, is_same_person, staff_by_token
from guibin.security.actors import DataScope, Domain, Verb, daily_limit_of, decide
from guibin.security.tokens import VerifiedToken
from support.house import EAST, ROOT, House

NOW = clock.now()
LATER = NOW + timedelta(minutes=5)


def token_of(staff: Staff, *, issued_at: datetime = NOW, **more: Any) -> VerifiedToken:
    facts: dict[str, Any] = {"token_id": "t-1", "session_id": None, "auth_time": None, "acr": None} | more
    return VerifiedToken(
        issuer=staff.issuer,
        subject=staff.subject,
        audience="guibin-bank-api",
        scopes=frozenset(),
        issued_at=issued_at,
        expires_at=LATER,
        **facts,
    )


async def known(house: House, token: VerifiedToken, *, now: datetime = NOW) -> KnownStaff | None:
    async with house.sessions() as session:
        return await staff_by_token(session, token, now=now)


async def add(house: House, *rows: SQLModel) -> None:
    async with house.sessions() as session:
        session.add_all(rows)
        await session.commit()


def revoked(issuer: str, token_id: str) -> RevokedToken:
    return RevokedToken(issuer=issuer, token_id=token_id, expires_at=LATER, revoked_at=NOW, revoked_by=new_id())


def cover(house: House, away: str, deputy: str, *, start: datetime, days: int = 30) -> StaffDelegation:
    return StaffDelegation(
        id=new_id(),
        staff_id=house.staff[away].id,
        deputy_id=house.staff[deputy].id,
        valid_from=start,
        valid_to=start + timedelta(days=days),
        reason="annual leave",
        created_by=new_id(),
        created_at=start,
    )


async def test_a_person_is_known_with_roles_and_grants_in_one_question(house: House) -> None:
    asked: list[str] = []
    async with house.sessions() as session:
        engine = session.get_bind().engine
        event.listen(engine, "before_cursor_execute", lambda *facts: asked.append(facts[2]))
        found = await staff_by_token(session, token_of(house.staff["branch_head"]), now=NOW)
    assert found is not None
    assert found.no == house.staff["branch_head"].no
    assert found.roles == {"branch_head"}
    scope = decide(found.grants, Verb.READ, Domain.CUSTOMERS, staff_id=found.id)
    assert scope is not None
    assert scope.branch_roots == (house.branches[EAST].id,)
    assert daily_limit_of(found.grants, Verb.REVEAL, Domain.CUSTOMERS) == 50
    assert len([statement for statement in asked if "staff" in statement]) == 1


async def test_a_person_without_a_role_is_known_and_may_do_nothing(house: House) -> None:
    staff = house.staff["lobby"]
    async with house.sessions() as session:
        await session.execute(update(StaffRole).where(col(StaffRole.staff_id) == staff.id).values(ended_at=NOW))
        await session.commit()
    assert await known(house, token_of(staff)) == KnownStaff(staff.id, staff.no, frozenset(), [])


@pytest.mark.parametrize("revocation", ["t-1", "s-1"])
async def test_a_revoked_token_or_session_is_nobody(house: House, revocation: str) -> None:
    staff = house.staff["manager"]
    await add(house, revoked(staff.issuer, revocation), revoked("https://other.example", "t-2"))
    assert await known(house, token_of(staff, session_id="s-1")) is None
    assert await known(house, token_of(staff, token_id="t-2", session_id="s-2")) is not None
    assert await known(house, token_of(staff, token_id=None)) is not None


async def test_tokens_of_before_an_instant_are_nobody_and_later_ones_are_somebody(house: House) -> None:
    staff = house.staff["manager"]
    async with house.sessions() as session:
        await session.execute(update(Staff).where(col(Staff.id) == staff.id).values(not_before=NOW))
        await session.commit()
    assert await known(house, token_of(staff, issued_at=NOW - timedelta(seconds=1))) is None
    assert await known(house, token_of(staff, issued_at=NOW)) is not None


async def test_a_grant_that_was_taken_away_permits_nothing(house: House) -> None:
    async with house.sessions() as session:
        await session.execute(update(RoleGrant).where(col(RoleGrant.role) == "lobby").values(active=False))
        await session.commit()
        assert await grants_of(session, house.staff["lobby"].id) == []


async def test_a_deputy_holds_the_roles_for_a_time_but_not_the_others_own_customers(house: House) -> None:
    await add(
        house,
        cover(house, "branch_head", "lobby", start=NOW),
        cover(house, "manager", "lobby", start=NOW),
    )
    deputy = token_of(house.staff["lobby"])
    before, during, after = [await known(house, deputy, now=NOW + timedelta(days=days)) for days in (-1, 29, 30)]
    assert before is not None
    assert during is not None
    assert after is not None
    assert before.roles == after.roles == {"lobby"}
    assert during.roles == {"lobby", "branch_head", "manager"}
    assert decide(during.grants, Verb.APPROVE, Domain.POINTS, staff_id=during.id) is not None
    assert DataScope.OWN_CUSTOMERS not in {grant.data for grant in during.grants}


async def test_nobody_stands_in_for_somebody_who_is_disabled(house: House) -> None:
    await add(house, cover(house, "branch_head", "lobby", start=NOW))
    async with house.sessions() as session:
        away = house.staff["branch_head"].id
        await session.execute(update(Staff).where(col(Staff.id) == away).values(active=False))
        await session.commit()
    found = await known(house, token_of(house.staff["lobby"]))
    assert found is not None
    assert found.roles == {"lobby"}


async def test_accounts_of_one_person_and_deputies_count_as_one_where_two_must_agree(house: House) -> None:
    async with house.sessions() as session:
        for role in ("hq_operator", "hq_approver"):
            person = update(Staff).where(col(Staff.id) == house.staff[role].id)
            await session.execute(person.values(person_ref=b"one person"))
        session.add(cover(house, "manager", "branch_head", start=NOW - timedelta(days=20), days=10))
        session.add(cover(house, "manager", "lobby", start=NOW - timedelta(days=70), days=10))
        session.add(cover(house, "manager", "compliance", start=NOW + timedelta(days=1), days=10))
        await session.commit()

        async def same(one: str, other: str) -> bool:
            return await is_same_person(session, house.staff[one].id, house.staff[other].id)

        assert await same("manager", "manager")
        assert await same("hq_operator", "hq_approver")
        assert await same("manager", "branch_head")
        assert await same("branch_head", "manager")
        assert await same("manager", "compliance"), "cover that is agreed links two people before it begins"
        for other in ("lobby", "auditor", "hq_operator"):
            assert not await same("manager", other), other


async def test_the_administrators_see_no_customers(house: House) -> None:
    async with house.sessions() as session:
        grants = await grants_of(session, house.staff["administrator"].id)
    assert {grant.data for grant in grants} == {DataScope.NONE}
    assert house.staff["administrator"].branch_id == house.branches[ROOT].id
