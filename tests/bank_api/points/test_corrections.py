"""Taking back, releasing, ending and restoring points by hand: asked for by one person, carried out for another."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlmodel import col, select

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.holdings.models import EventType
from guibin.points import service
from guibin.points.defaults import ALWAYS
from guibin.points.earning.models import EarningBudget, EarningRule, EarningRuleVersion, RuleState
from guibin.points.earning.terms import EarningTerms
from guibin.points.invariants import check
from guibin.points.models import EntryKind, PointsAccount, PointsEntry, PointsLot, SourceKind
from guibin.programme.models import Budget
from support.house import EAST, WEST, House
from support.points import ACTOR, commit_points, event_rows, post_points, sessions_of

REASON = "客户退货，冲回原发放积分"


async def ask(
    client: httpx.AsyncClient, house: House, path: str, customer_id: UUID, role: str = "hq_operator", **fields: Any
) -> httpx.Response:
    body = {"customer_id": to_public("cus", customer_id), "reason": REASON} | fields
    return await client.post(f"/v1/points/{path}", json=body, headers=house.headers(role, key=str(new_id())))


async def carry_out(
    client: httpx.AsyncClient, house: House, path: str, customer_id: UUID, **fields: Any
) -> httpx.Response:
    """Ask, and let another person approve."""
    asked = await ask(client, house, path, customer_id, **fields)
    assert asked.status_code == 202, asked.text
    url = f"/v1/approvals/{asked.json()['approval_id']}/approve"
    return await client.post(url, json={}, headers=house.headers("hq_approver"))


async def entries_of(house: House, customer_id: UUID) -> list[PointsEntry]:
    async with house.sessions() as session:
        assert await check(session) == []
        query = select(PointsEntry).where(PointsEntry.customer_id == customer_id).order_by(col(PointsEntry.seq))
        return list((await session.exec(query)).all())


async def lots_of(house: House, customer_id: UUID) -> list[PointsLot]:
    async with house.sessions() as session:
        query = select(PointsLot).where(PointsLot.customer_id == customer_id).order_by(col(PointsLot.earned_at))
        return list((await session.exec(query)).all())


async def add_pending(house: House, customer_id: UUID, points: int, until: date | None) -> str:
    async with sessions_of(house.database.bank_url, pool_size=1) as factory, factory() as session:
        posted = await service.add_pending(
            session,
            customer_id=customer_id,
            wallet="reward",
            points=points,
            pending_until=until,
            reason_zh="活动奖励，七日后生效",
            reason_en="A reward that comes free after seven days",
            source_kind=SourceKind.RULE,
            source_id=str(new_id()),
            actor_id=ACTOR,
        )
        await session.commit()
    return to_public("ent", posted.entry_id)


async def test_f6_a_credit_is_taken_back_in_parts_and_what_was_spent_becomes_debt_that_the_customer_sees(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    await commit_points(house.database, customer_id, 100)
    (earned,) = await entries_of(house, customer_id)
    path = f"entries/{to_public('ent', earned.id)}/reverse"

    part = await carry_out(bank_client, house, path, customer_id, points=30)
    async with sessions_of(house.database.customer_url, pool_size=1) as factory, factory() as session:
        await post_points(session, customer_id, EntryKind.REDEEM, 50)
        await session.commit()
    rest = await carry_out(bank_client, house, path, customer_id)
    more = await ask(bank_client, house, path, customer_id, points=1)

    assert (part.status_code, part.json()["preview"]["points"], part.json()["cost"]) == (200, 30, "3.00")
    assert rest.json()["preview"]["points"] == 70
    assert (more.status_code, more.json()["code"]) == (409, "reversal_exceeds_credit")
    moved = [(one.kind, one.points, one.debt_change, one.refers_to) for one in await entries_of(house, customer_id)]
    assert moved[1:] == [
        ("claw_back", -30, 0, earned.id),
        ("redeem", -50, 0, None),
        ("claw_back", -20, 50, earned.id),
    ]
    headers = house.customer_headers(customer_id)
    wallet = (await customer_client.get("/v1/me/points", headers=headers)).json()["wallets"][0]
    assert (wallet["balance"], wallet["debt"]) == (0, 50)
    assert "50积分" in wallet["debt_note"]
    history = (await customer_client.get("/v1/me/points/entries", headers=headers)).json()["items"]
    assert {one["kind"]: one["refers_to"] for one in history} == {
        "claw_back": to_public("ent", earned.id),
        "redeem": None,
        "earn": None,
    }


async def test_what_is_taken_back_of_an_earning_goes_back_to_the_budgets_that_paid(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id, key = await house.add_customer(), ("credit_card", "T1")
    gift = {"wallet": "reward", "kind": "fixed", "points": 30}
    terms = {"name_zh": "刷卡", "name_en": "Card", "events": ["login"], "cases": [{"gives": [gift]}]}
    terms |= {"budgets": [{"period": "year", "points": 100}], "budget_line": "credit_card"}
    async with house.sessions() as session:
        rule = EarningRule(code="paid", branch=EAST, state=RuleState.ACTIVE, active_version=1, created_at=clock.now())
        budget = Budget(
            branch_id=house.branches[EAST].id,
            id=new_id(),
            year=clock.today().year,
            line="credit_card",
            points_limit=40,
            created_at=clock.now(),
        )
        session.add_all([rule, budget])
        await session.flush()
        document = EarningTerms.of(terms).document()
        session.add(
            EarningRuleVersion(
                rule_code="paid", version=1, terms=document, in_force_from=ALWAYS, published_at=clock.now()
            )
        )
        session.add_all(event_rows(customer_id, EventType.LOGIN, reference="T1", occurred_at=clock.now()))
        await session.commit()
    async with sessions_of(house.database.bank_url, pool_size=1) as sessions, sessions() as session:
        (earned,) = (await service.earn_events(session, keys=[key], actor_id=ACTOR)).values()
        await session.commit()
    (entry_id,) = earned.entry_ids

    async def spent() -> tuple[int, ...]:
        async with house.sessions() as session:
            (year,) = (await session.exec(select(EarningBudget))).all()
            (branch,) = (await session.exec(select(Budget))).all()
            return year.points, year.awards, branch.points_spent, branch.fen_spent

    before = await spent()
    path = f"entries/{to_public('ent', entry_id)}/reverse"
    await carry_out(bank_client, house, path, customer_id, points=10)
    partly = await spent()
    await carry_out(bank_client, house, path, customer_id)

    fen = before[3] // 30
    assert (before[:3], partly, await spent()) == ((30, 1, 30), (20, 1, 20, 20 * fen), (0, 0, 0, 0))


async def test_pending_points_are_seen_released_early_and_cancelled(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    day = clock.today() + timedelta(days=7)
    first, second = await add_pending(house, customer_id, 40, day), await add_pending(house, customer_id, 60, None)
    url = f"/v1/customers/{to_public('cus', customer_id)}/points/pending"

    before = (await bank_client.get(url, headers=house.headers("hq_operator"))).json()["items"]
    seen = (await customer_client.get("/v1/me/points", headers=house.customer_headers(customer_id))).json()["wallets"]
    activated = await carry_out(bank_client, house, f"pending/{first}/activate", customer_id)
    cancelled = await carry_out(bank_client, house, f"pending/{second}/cancel", customer_id, points=20)
    reversed_ = await carry_out(bank_client, house, f"entries/{second}/reverse", customer_id)
    gone = [
        await ask(bank_client, house, f"pending/{entry}/{verb}", customer_id)
        for entry, verb in ((first, "activate"), (second, "cancel"), (to_public("ent", new_id()), "cancel"))
    ]

    assert [(one["entry_id"], one["points"], one["pending_until"]) for one in before] == [
        (first, 40, day.isoformat()),
        (second, 60, None),
    ]
    assert (seen[0]["pending"], seen[0]["available"]) == (100, 0)
    assert seen[0]["releases"] == [{"date": day.isoformat(), "points": 40}]
    assert [one.status_code for one in (activated, cancelled, reversed_)] == [200, 200, 200]
    assert [(one.status_code, one.json()["code"]) for one in gone] == [(404, "not_found")] * 3
    moved = [(one.kind, one.points, one.pending_change) for one in (await entries_of(house, customer_id))[2:]]
    assert moved == [("pending_activate", 40, -40), ("pending_cancel", 0, -20), ("pending_cancel", 0, -40)]


async def test_a_lot_ends_early_and_comes_back_once_as_goodwill(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()
    await commit_points(house.database, customer_id, 100)
    (lot,) = await lots_of(house, customer_id)
    path, day = f"lots/{to_public('lot', lot.id)}", clock.today() + timedelta(days=90)

    nothing = await ask(bank_client, house, f"{path}/restore", customer_id)
    ended = await carry_out(bank_client, house, f"{path}/expire", customer_id)
    again = await ask(bank_client, house, f"{path}/expire", customer_id)
    too_much = await ask(bank_client, house, f"{path}/restore", customer_id, points=101)
    back = await carry_out(bank_client, house, f"{path}/restore", customer_id, points=60, expires_on=day.isoformat())
    twice = await ask(bank_client, house, f"{path}/restore", customer_id, points=1)

    assert (nothing.status_code, ended.status_code, again.status_code, back.status_code) == (404, 200, 404, 200)
    assert (too_much.status_code, too_much.json()["code"]) == (409, "restore_exceeds_expired")
    assert too_much.json()["expired"] == 100
    assert (twice.status_code, twice.json()["code"]) == (409, "already_restored")
    moved = [(one.kind, one.points, one.source_id) for one in (await entries_of(house, customer_id))[1:]]
    assert [one[:2] for one in moved] == [("expire_early", -100), ("adjust_credit", 60)]
    assert moved[1][2] == f"{to_public('lot', lot.id)}:restored"
    assert (await lots_of(house, customer_id))[-1].expires_on == day


async def test_f2_f3_a_correction_needs_a_reason_a_limit_and_a_customer_in_scope(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    here, elsewhere = await house.add_customer(), await house.add_customer(branch=WEST)
    for customer_id in (here, elsewhere):
        await commit_points(house.database, customer_id, 60_000)
    async with sessions_of(house.database.customer_url, pool_size=1) as factory, factory() as session:
        spent = await post_points(session, here, EntryKind.REDEEM, 1)
        await session.commit()
    entry, other = [(await entries_of(house, one))[0] for one in (here, elsewhere)]
    path, foreign = [f"entries/{to_public('ent', one.id)}/reverse" for one in (entry, other)]

    silent = await ask(bank_client, house, path, here, reason="退")
    dear = await ask(bank_client, house, path, here, role="branch_head", points=50_001)
    of_another_branch = await ask(bank_client, house, foreign, elsewhere, role="branch_head", points=1)
    of_another_customer = await ask(bank_client, house, foreign, here, points=1)
    by_nobody = await ask(bank_client, house, path, here, role="lobby")
    wrong = await ask(bank_client, house, path, here, points=0)
    of_a_debit = await ask(bank_client, house, f"entries/{to_public('ent', spent.entry_id)}/reverse", here)

    assert (silent.status_code, silent.json()["code"]) == (422, "reason_required")
    assert (dear.status_code, dear.json()["code"], dear.json()["cost"]) == (403, "limit_exceeded", "5000.10")
    outside = (of_another_branch, of_another_customer)
    assert [(one.status_code, one.json()["code"]) for one in outside] == [(404, "not_found")] * 2
    assert (of_a_debit.status_code, of_a_debit.json()["code"]) == (409, "not_reversible")
    assert [one.status_code for one in (by_nobody, wrong)] == [403, 422]


async def test_a_frozen_account_earns_and_does_not_spend_and_only_an_empty_one_is_closed(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    await commit_points(house.database, customer_id, 100)
    url = f"/v1/customers/{to_public('cus', customer_id)}/points"

    async def put(
        state: str, wallet: str = "reward", role: str = "hq_operator", reason: str = REASON
    ) -> httpx.Response:
        body = {"state": state, "reason": reason}
        return await bank_client.put(f"{url}/{wallet}/state", json=body, headers=house.headers(role))

    frozen = await put("frozen")
    await commit_points(house.database, customer_id, 10)
    mine = (await customer_client.get("/v1/me/points", headers=house.customer_headers(customer_id))).json()["wallets"]
    kept = await put("closed")
    opened = await put("open")
    closed, for_good = await put("closed", "service"), await put("open", "service")
    unknown, silent = await put("frozen", "no_such_wallet"), await put("frozen", reason="查")
    out_of_scope, not_theirs = await put("frozen", role="branch_head_west"), await put("frozen", role="manager")

    assert frozen.json() == {
        "wallet": "reward",
        "state": "frozen",
        "balance": 100,
        "pending": 0,
        "held": 0,
        "debt": 0,
    }
    assert (mine[0]["state"], mine[0]["balance"]) == ("frozen", 110)
    assert (kept.status_code, kept.json()["code"], kept.json()["reasons"]) == (409, "account_not_empty", ["balance"])
    assert (opened.json()["state"], closed.json()["state"]) == ("open", "closed")
    assert (for_good.status_code, for_good.json()["code"]) == (409, "account_closed")
    assert (silent.status_code, silent.json()["code"]) == (422, "reason_required")
    assert [one.status_code for one in (unknown, out_of_scope, not_theirs)] == [404, 404, 403]
    async with house.sessions() as session:
        assert await check(session) == []
        states = (await session.exec(select(PointsAccount.state).order_by(col(PointsAccount.wallet)))).all()
    assert list(states) == ["open", "closed"]
