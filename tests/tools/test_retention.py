"""`guibin retention`: of planted rows all that are overdue go, and no other (trust: retention defaults)."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import insert, text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.privacy.retention import RULES
from guibin.registry import metadata
from guibin.rights.models import Redemption, RedemptionBeneficiary, RedemptionStep, Reservation, StockHold
from guibin.suppliers.models import Supplier, SupplierOrder
from support.commands import guibin
from support.house import House
from support.rights import add_right

OLD, FRESH = b"\x01" * 32, b"\x02" * 32


def planted(marker: bytes, at: datetime, customer: Any) -> dict[str, list[dict[str, Any]]]:
    """Return a row for every table of the rules, all of whose instants are `at`."""
    name = marker.hex()
    return {
        "idempotency_key": [
            {"actor_id": customer, "key": name, "fingerprint": marker, "status": 200, "body": b"{}", "created_at": at}
        ],
        "one_time_code": [
            {
                "phone_idx": marker,
                "purpose": "bind",
                "bound_to": marker,
                "code_hash": marker,
                "created_at": at,
                "expires_at": at,
            }
        ],
        "binding_ticket": [
            {
                "ref": marker,
                "appid": "wx1",
                "openid_idx": marker,
                "way": "mp",
                "created_at": at,
                "expires_at": at,
            }
        ],
        "list_export": [
            {
                "id": new_id(),
                "requested_by": customer,
                "kind": "customers",
                "filters": {},
                "verb": "export",
                "scope": "whole_bank",
                "state": "ready",
                "created_at": at,
                "made_at": at,
                "expires_at": at,
                "data_key": marker,
                "content_enc": marker,
            }
        ],
        "supplier_event": [
            {
                "supplier_id": customer,
                "event_id": name,
                "type": "order.done",
                "fingerprint": marker,
                "order_id": customer,
                "content_enc": marker,
                "received_at": at,
            }
        ],
        **planted_profiles(name, at, customer),
        **planted_contacts(name, at, customer),
        **planted_events(name, at),
        "code_quota": [{"subject": marker, "asked_at": [at]}],
        "rate_counter": [{"subject": marker, "name": "redeem_per_day", "calls": 1, "ends_at": at}],
        "revoked_token": [
            {"issuer": name, "token_id": name, "expires_at": at, "revoked_at": at, "revoked_by": customer}
        ],
    }


def planted_profiles(name: str, at: datetime, customer: Any) -> dict[str, list[dict[str, Any]]]:
    """Return who a customer was until a day: until that of the cut, or for one day more."""
    last = clock.business_day(at) + timedelta(days=name != OLD.hex())
    own = {"customer_id": customer, "branch_id": customer, "gender": "U", "lines": []}
    row = own | {"city_code": name, "valid_from": last - timedelta(days=1), "valid_to": last}
    return {"customer_profile": [row]}


def planted_contacts(name: str, at: datetime, customer: Any) -> dict[str, list[dict[str, Any]]]:
    """Return a contact that went out, and an allowance that has ended."""
    own = {"customer_id": customer, "id": UUID(name[:32]), "channel": "sms"}
    return {
        "contact_decision": [
            own
            | {"purpose": "care", "sender": "manager", "state": "sent", "reasons": [], "policy_version": 1}
            | {"at": at, "decided_at": at, "decided_by": customer}
        ],
        "contact_allowance": [
            own | {"extra": 1, "begins_at": at - timedelta(days=1), "ends_at": at, "approval_id": customer}
        ],
    }


WAITING = (b"\x03" * 32).hex()


def planted_events(name: str, at: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return an event that was delivered, and one that its receiver still waits for; the ids follow from the name."""
    ids = {one: uuid5(NAMESPACE_OID, one + name) for one in (name, WAITING)}
    event = {"owner_id": ids[name], "type": "codes.low", "payload": {}, "created_at": at, "relayed_at": at}
    delivery = {"event_owner": event["owner_id"], "event_type": "codes.low", "attempts": 1, "next_try_at": at}
    states: dict[str, dict[str, Any]] = {
        name: {"state": "delivered", "delivered_at": at},
        WAITING: {"state": "waiting", "delivered_at": None},
    }
    return {
        "outbox_event": [{**event, "id": event_id, "subject": subject} for subject, event_id in ids.items()],
        "event_delivery": [
            {**delivery, **states[one], "id": new_id(), "event_id": event_id, "consumer": one, "created_at": at}
            for one, event_id in ids.items()
        ],
    }


async def plant(house: House) -> None:
    """Plant overdue rows a little older than each period, and rows a little younger."""
    customer, now = await house.add_customer(), clock.now()
    async with house.sessions() as session:
        periods = {row[0]: row[1] for row in await session.execute(text("SELECT subject, days FROM retention_period"))}
        for rule in RULES:
            for marker, minutes in ((OLD, 1), (FRESH, -30)):
                at = now - timedelta(days=periods[rule.subject], minutes=minutes)
                rows = planted(marker, at, customer).get(rule.table, [])
                if rows:
                    await session.execute(insert(metadata.tables[rule.table]), rows)
        await session.commit()
    await plant_sessions_and_files(house, customer, periods, now)
    await plant_beneficiaries(house, customer, periods, now)


async def add_supplier(session: AsyncSession) -> UUID:
    """Add a supplier."""
    supplier_id = new_id()
    state: dict[str, Any] = {
        "state": "active",
        "settlement_basis": "issued",
        "data_key": b"",
        "created_by": supplier_id,
    }
    session.add(Supplier(id=supplier_id, code="S1", name="S1", created_at=clock.now(), **state))
    await session.flush()
    return supplier_id


async def plant_beneficiaries(house: House, customer: Any, periods: dict[str, int], now: datetime) -> None:
    """Plant whom redemptions serve and where they went that have ended, and those of one that has not."""
    async with house.sessions() as session:
        right = await add_right(session)
        supplier = await add_supplier(session)
        for marker, minutes, state in ((OLD, 1, "fulfilled"), (FRESH, -30, "failed"), (b"open", 1, "in_fulfilment")):
            at = now - timedelta(days=periods["beneficiary"], minutes=minutes)
            ids = {"customer_id": customer, "redemption_id": new_id()}
            session.add(
                Redemption(
                    customer_id=customer,
                    id=ids["redemption_id"],
                    right_id=right,
                    right_revision=1,
                    quantity=1,
                    quota_used=1,
                    points_charged=0,
                    wallet="reward",
                    state=state,
                    fulfilment="hand_out",
                    created_at=at,
                    actor_id=customer,
                    delivery_enc=marker,
                )
            )
            await session.flush()
            session.add(
                SupplierOrder(
                    **ids,
                    id=new_id(),
                    right_id=right,
                    supplier_id=supplier,
                    product_code="L1",
                    quantity=1,
                    state="sent" if marker == b"open" else "done",
                    next_try_at=at,
                    created_at=at,
                    sent_at=at,
                    ended_at=None if marker == b"open" else at,
                    tracking_enc=marker,
                )
            )
            if marker != b"open":
                held = now - timedelta(days=periods["reservation"], minutes=minutes)
                session.add_all(reserved(UUID(bytes=marker[:16]), customer, right, held))
            session.add(RedemptionStep(**ids, state=state, at=at, actor_id=customer))
            session.add(RedemptionBeneficiary(**ids, name_enc=marker, phone_enc=marker, consented_at=at))
        await session.commit()


def reserved(reservation: UUID, customer: Any, right: UUID, at: datetime) -> tuple[Reservation, StockHold]:
    """Return a reservation that has lapsed, with what it held."""
    return (
        Reservation(
            customer_id=customer,
            id=reservation,
            right_id=right,
            quantity=1,
            state="lapsed",
            created_at=at,
            lapses_at=at,
            ended_at=at,
        ),
        StockHold(right_id=right, reservation_id=reservation, units=1, lapses_at=at, held=False),
    )


async def plant_sessions_and_files(house: House, customer: Any, periods: dict[str, int], now: datetime) -> None:
    async with house.sessions() as session:
        for marker, minutes in ((OLD, 1), (FRESH, -30)):
            ended = now - timedelta(days=periods["session"], minutes=minutes)
            made = now - timedelta(days=periods["subject_export"], minutes=minutes)
            await session.execute(
                text(
                    "INSERT INTO customer_session (customer_id, id, way, created_at, expires_at, idle_expires_at,"
                    " refresh_hash, generation, rotated_at, rotated_by)"
                    " VALUES (:customer, gen_random_uuid(), 'mp', :at, :at, :at, :marker, 1, :at, :marker)"
                ),
                {"customer": customer, "at": ended, "marker": marker},
            )
            await session.execute(
                text(
                    "WITH asked AS (INSERT INTO data_request (customer_id, id, kind, state, created_at, due_on)"
                    " VALUES (:customer, gen_random_uuid(), 'copy', 'fulfilled', :at, :day) RETURNING customer_id, id)"
                    " INSERT INTO subject_export (customer_id, request_id, created_at, made_at, expires_at, content,"
                    " password_enc) SELECT customer_id, id, :at, :at, :at, :marker, :marker FROM asked"
                ),
                {"customer": customer, "at": made, "day": made.date(), "marker": marker},
            )
        await session.commit()


async def left(house: House) -> dict[str, tuple[int, int]]:
    """Return for each table how many planted rows are old and how many fresh."""
    marked = {
        "idempotency_key": "body IS NOT NULL AND fingerprint",
        "subject_export": "content",
        "list_export": "content_enc",
    }
    marked |= {"one_time_code": "phone_idx", "binding_ticket": "ref", "customer_session": "refresh_hash"}
    marked |= {"redemption_beneficiary": "name_enc", "redemption": "delivery_enc", "supplier_order": "tracking_enc"}
    marked |= {"supplier_event": "fingerprint", "customer_profile": "decode(city_code, 'hex')"}
    twice = "decode(repeat(replace({}::text, '-', ''), 2), 'hex')"
    marked |= {"reservation": twice.format("id"), "stock_hold": twice.format("reservation_id")}
    marked |= {"contact_decision": twice.format("id"), "contact_allowance": twice.format("id")}
    marked |= {"outbox_event": "decode(subject, 'hex')", "event_delivery": "decode(consumer, 'hex')"}
    marked |= {"code_quota": "subject", "rate_counter": "subject", "revoked_token": "decode(issuer, 'hex')"}
    assert marked.keys() == {rule.table for rule in RULES}
    found = {}
    async with house.sessions() as session:
        for table, column in marked.items():
            counts = []
            for marker in (OLD, FRESH):
                extra = " AND issuer ~ '^[0-9a-f]{64}$'" if table == "revoked_token" else ""
                statement = text(f"SELECT count(*) FROM {table} WHERE {column} = :marker{extra}")
                counts.append(int((await session.execute(statement, {"marker": marker})).scalar_one()))
            found[table] = (counts[0], counts[1])
    return found


async def test_all_that_is_overdue_goes_and_nothing_else(house: House) -> None:
    env = {"GUIBIN_DATABASE_URL": house.database.owner_url, "GUIBIN_STATE_DIR": str(house.settings.state_dir)}
    await plant(house)
    assert set((await left(house)).values()) == {(1, 1)}
    rehearsed = await asyncio.to_thread(guibin, "retention", "--dry-run", env=env)
    assert set((await left(house)).values()) == {(1, 1)}
    assert rehearsed.out.count(" 1 would go") == len(RULES)
    removed = await asyncio.to_thread(guibin, "retention", env=env)
    assert removed.code == 0, removed.err
    assert set((await left(house)).values()) == {(0, 1)}
    assert "audit_entry: 0 due for the archive" in removed.out
    async with house.sessions() as session:
        told = await session.execute(
            text("SELECT object_id, facts ->> 'rows' FROM audit_entry WHERE action = 'retention.remove'")
        )
        assert sorted(tuple(row) for row in told) == sorted((rule.table, "1") for rule in RULES)
        waiting = await session.execute(
            text("SELECT count(*) FROM outbox_event e, event_delivery d WHERE d.event_id = e.id AND state = 'waiting'")
        )
        assert waiting.scalar_one() == 2, "what a receiver still waits for stays, however old"
        keys = await session.execute(
            text("SELECT count(*) FROM idempotency_key WHERE fingerprint = :old"), {"old": OLD}
        )
        assert keys.scalar_one() == 1, "the key stays, so that it never has a second effect"
