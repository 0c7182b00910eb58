"""Who at WeChat is which customer: seen, bound, in conflict, unbound, closed, merged."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from bank_api import worker
from guibin.channels import identities
from guibin.channels.errors import BindingConflict
from guibin.channels.jobs import STRANGER, forget_strangers, review_shared_unionids
from guibin.channels.merging import PARTICIPANT
from guibin.channels.models import IdentityKind, WechatIdentity
from guibin.channels.repository import find_identity
from guibin.channels.wechat import WeChatLogin
from guibin.core import clock
from guibin.core.database import make_engine, make_session_factory
from guibin.core.ids import new_id
from guibin.customers.merging import Merge
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing
from guibin.security.row_scope import open_rows
from support.databases import Database
from support.house import House
from support.waiting import until
from support.wechat import WeChatSimulator

ONE, TWO = new_id(), new_id()


def login(openid: str = "o-one", unionid: str | None = None, appid: str = "wx-mp") -> WeChatLogin:
    kind = IdentityKind.MINI_PROGRAM if appid == "wx-mp" else IdentityKind.OFFICIAL_ACCOUNT
    return WeChatLogin(appid, openid, unionid, kind)


async def bound(session: AsyncSession, keys: KeyRing, given: WeChatLogin, customer_id: UUID = ONE) -> WechatIdentity:
    identity = await identities.note_login(session, keys, given)
    await identities.bind(session, identity, customer_id=customer_id)
    return await identities.note_login(session, keys, given)


async def test_an_identity_is_noted_once_and_belongs_to_nobody(session: AsyncSession, keys: KeyRing) -> None:
    first = await identities.note_login(session, keys, login())
    again = await identities.note_login(session, keys, login())
    assert first.id == again.id
    assert first.customer_id is None


async def test_openid_and_unionid_rest_encrypted_and_open_with_the_keys(session: AsyncSession, keys: KeyRing) -> None:
    identity = await identities.note_login(session, keys, login(unionid="u-one"))
    assert identities.openid_of(keys, identity) == "o-one"
    row = (await session.execute(text("SELECT * FROM wechat_identity"))).one()
    assert not [value for value in row if isinstance(value, bytes) and (b"o-one" in value or b"u-one" in value)]
    assert "o-one" not in repr(login())


async def test_a_unionid_is_filled_in_when_it_is_first_seen_and_follows_a_change(
    session: AsyncSession, keys: KeyRing
) -> None:
    assert (await identities.note_login(session, keys, login())).unionid_idx is None
    filled = await identities.note_login(session, keys, login(unionid="u-one"))
    assert filled.unionid_idx == identities.unionid_index(keys, "u-one")
    silent = await identities.note_login(session, keys, login())
    assert silent.unionid_idx == identities.unionid_index(keys, "u-one")
    changed = await identities.note_login(session, keys, login(unionid="u-two"))
    assert changed.unionid_idx == identities.unionid_index(keys, "u-two")


async def test_binding_again_changes_nothing(session: AsyncSession, keys: KeyRing) -> None:
    identity = await bound(session, keys, login())
    await identities.bind(session, identity, customer_id=ONE)
    assert [found.id for found in await identities.list_of_customer(session, customer_id=ONE)] == [identity.id]


async def test_an_identity_of_another_customer_is_a_conflict(session: AsyncSession, keys: KeyRing) -> None:
    identity = await bound(session, keys, login(), TWO)
    for rebind in (False, True):
        with pytest.raises(BindingConflict):
            await identities.bind(session, identity, customer_id=ONE, rebind=rebind)


async def test_a_second_identity_at_one_account_is_a_conflict_unless_it_replaces_the_first(
    session: AsyncSession, keys: KeyRing
) -> None:
    first = await bound(session, keys, login("o-one"))
    second = await identities.note_login(session, keys, login("o-two"))
    with pytest.raises(BindingConflict) as refused:
        await identities.bind(session, second, customer_id=ONE)
    assert refused.value.facts == {"how": "bank_token"}
    gave_way = await identities.bind(session, second, customer_id=ONE, rebind=True)
    assert [found.id for found in gave_way] == [first.id]
    assert [found.id for found in await identities.list_of_customer(session, customer_id=ONE)] == [second.id]


async def test_a_customer_may_have_one_identity_at_each_account(session: AsyncSession, keys: KeyRing) -> None:
    await bound(session, keys, login("o-one", "u-one"))
    await bound(session, keys, login("o-page", "u-one", appid="wx-oa"))
    assert len(await identities.list_of_customer(session, customer_id=ONE)) == 2


async def test_another_person_at_the_other_account_is_a_conflict_unless_they_replace_the_first(
    session: AsyncSession, keys: KeyRing
) -> None:
    first = await bound(session, keys, login("o-one", "u-one"))
    page = await identities.note_login(session, keys, login("o-page", "u-two", appid="wx-oa"))
    with pytest.raises(BindingConflict):
        await identities.bind(session, page, customer_id=ONE)
    gave_way = await identities.bind(session, page, customer_id=ONE, rebind=True)
    assert [found.id for found in gave_way] == [first.id]


async def test_a_person_who_is_another_customer_at_the_other_account_is_a_conflict(
    session: AsyncSession, keys: KeyRing
) -> None:
    await bound(session, keys, login("o-one", "u-one"), TWO)
    page = await identities.note_login(session, keys, login("o-page", "u-one", appid="wx-oa"))
    assert page.customer_id is None
    with pytest.raises(BindingConflict):
        await identities.bind(session, page, customer_id=ONE)


async def test_an_identity_that_was_unbound_can_be_bound_to_another(session: AsyncSession, keys: KeyRing) -> None:
    identity = await bound(session, keys, login())
    await identities.unbind(session, identity)
    assert (await bound(session, keys, login(), TWO)).customer_id == TWO


async def test_a_stranger_is_forgotten_after_a_month_and_begins_anew(session: AsyncSession, keys: KeyRing) -> None:
    stranger_id = (await identities.note_login(session, keys, login(unionid="u-one"))).id
    await bound(session, keys, login("o-two"))
    with clock.fixed_at(clock.now() + STRANGER - timedelta(minutes=1)):
        assert await forget_strangers(session) == 0
    with clock.fixed_at(clock.now() + STRANGER + timedelta(minutes=1)):
        assert await forget_strangers(session) == 1
        assert await forget_strangers(session) == 0
    row = await session.execute(
        text("SELECT data_key, openid_enc, unionid_idx, unionid_enc FROM wechat_identity WHERE closed_at IS NOT NULL")
    )
    assert tuple(row.one()) == (None,) * 4
    anew = await identities.note_login(session, keys, login(unionid="u-one"))
    assert (anew.customer_id, anew.closed_at) == (None, None)
    assert anew.id != stranger_id
    assert identities.openid_of(keys, anew) == "o-one"


async def test_who_logs_in_again_is_not_forgotten(session: AsyncSession, keys: KeyRing) -> None:
    await identities.note_login(session, keys, login())
    with clock.fixed_at(clock.now() + timedelta(days=29)):
        await identities.note_login(session, keys, login())
    with clock.fixed_at(clock.now() + timedelta(days=31)):
        assert await forget_strangers(session) == 0


async def test_an_identity_that_was_forgotten_opens_to_nothing(session: AsyncSession, keys: KeyRing) -> None:
    await identities.note_login(session, keys, login())
    with clock.fixed_at(clock.now() + timedelta(days=31)):
        await forget_strangers(session)
    index = identities.openid_index(keys, "o-one")
    forgotten = await find_identity(session, openid_idx=index, appid="wx-mp")
    assert forgotten is not None
    assert identities.openid_of(keys, forgotten) is None


async def test_a_merge_takes_the_identities_along(session: AsyncSession, keys: KeyRing) -> None:
    await bound(session, keys, login("o-one"), ONE)
    await bound(session, keys, login("o-two"), TWO)
    await PARTICIPANT.move(session, Merge(new_id(), TWO, ONE, ONE, clock.today()))
    assert len(await identities.list_of_customer(session, customer_id=ONE)) == 2
    assert await identities.list_of_customer(session, customer_id=TWO) == []


async def test_of_two_bindings_of_one_customer_at_one_moment_one_is_refused(database: Database, keys: KeyRing) -> None:
    engine = make_engine(database.customer_url, pool_size=4, application="guibin-tests")
    sessions = make_session_factory(engine)

    async def bind(openid: str) -> bool:
        async with sessions() as session:
            await open_rows(session, Scope.of_job())
            identity = await identities.note_login(session, keys, login(openid))
            try:
                await identities.bind(session, identity, customer_id=ONE)
            except BindingConflict:
                return False
            await session.commit()
            return True

    assert sorted(await asyncio.gather(*(bind(f"o-{number}") for number in range(4)))) == [False, False, False, True]
    await engine.dispose()


async def test_under_one_customers_scope_the_conflict_with_another_is_still_seen(
    database: Database, keys: KeyRing
) -> None:
    engine = make_engine(database.customer_url, pool_size=1, application="guibin-tests")
    async with make_session_factory(engine)() as session:
        await open_rows(session, Scope.of_job())
        identity = await bound(session, keys, login(unionid="u-one"), TWO)
        page = await identities.note_login(session, keys, login("o-page", "u-one", appid="wx-oa"))
        await open_rows(session, Scope.of_customer(ONE))
        assert (await identities.note_login(session, keys, login())).customer_id == TWO
        for other in (identity, page):
            async with session.begin_nested() as savepoint:
                with pytest.raises(BindingConflict):
                    await identities.bind(session, other, customer_id=ONE)
                await savepoint.rollback()
    await engine.dispose()


async def test_customers_who_turn_out_to_be_one_person_at_wechat_are_laid_before_people_once(house: House) -> None:
    one, two = await house.add_customer(), await house.add_customer()
    async with house.sessions() as session:
        # Both were bound before WeChat said that they are one person.
        await bound(session, house.keys, login("o-one"), one)
        await bound(session, house.keys, login("o-page", appid="wx-oa"), two)
        await identities.note_login(session, house.keys, login("o-one", "u-one"))
        await identities.note_login(session, house.keys, login("o-page", "u-one", appid="wx-oa"))
        await session.commit()
    engine = make_engine(house.database.worker_url, pool_size=1, application="guibin-tests")
    async with make_session_factory(engine)() as session:
        assert await review_shared_unionids(session) == 1
        assert await review_shared_unionids(session) == 0
        found = (await session.execute(text("SELECT reason, state FROM match_review"))).one()
        assert tuple(found) == ("shared_unionid", "open")
    await engine.dispose()


async def test_the_worker_looks_at_all_identities_once_an_hour(
    house: House, wechat_simulator: WeChatSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MINUTE_SECONDS", 0.02)

    async def strangers(openid: str | None = None) -> int:
        async with house.sessions() as session:
            if openid is not None:
                with clock.fixed_at(clock.now() - STRANGER - timedelta(minutes=1)):
                    await identities.note_login(session, house.keys, login(openid))
                await session.commit()
            count = text("SELECT count(*) FROM wechat_identity WHERE closed_at IS NULL")
            return int((await session.execute(count)).scalar_one())

    engine = make_engine(house.database.worker_url, pool_size=1, application="guibin-tests")
    settings = wechat_simulator.settings(house.settings)
    assert await strangers("o-one") == 1
    tending = asyncio.create_task(
        worker._tend_channels(settings, make_session_factory(engine), house.database.worker_url)  # noqa: SLF001
    )

    async def forgotten() -> bool:
        return not await strangers()

    await until(forgotten)
    assert await strangers("o-two") == 1  # the first is forgotten
    await asyncio.sleep(0.8)  # many turns
    assert (await strangers(), tending.done()) == (1, False)
    tending.cancel()
    await asyncio.gather(tending, return_exceptions=True)
    await engine.dispose()
