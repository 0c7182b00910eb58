"""What the domains below and privacy itself keep of a customer: shown in a copy, removed by an erasure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.models import Customer, SourceRecord
from guibin.customers.personal import FIELDS, unseal
from guibin.privacy.models import DataRequest
from guibin.privacy.repository import requests
from guibin.privacy.repository.erasures import forget
from guibin.privacy.repository.restrictions import keeps_data
from guibin.privacy.subject import ErasureStep, QuerySection, Rows, Section
from guibin.security.ciphers import KeyRing, WrappedKey

LEGAL_RETENTION: Final = "legal_retention"


class ProfileSection:
    """Who the bank says that the customer is."""

    name = "profile"
    tables = frozenset({"customer"})

    async def read(self, session: AsyncSession, keys: KeyRing, *, customer_id: UUID) -> Rows:
        """Return one row."""
        row = (await session.exec(select(Customer).where(Customer.id == customer_id))).one()
        plain = ("party_type", "status", "gender", "certificate_type", "city_code", "opened_on", "created_at")
        return [unseal(keys, "customer", row.model_dump()) | {name: getattr(row, name) for name in plain}]


class RecordsSection:
    """What each line says of the customer, and since when."""

    name = "source_records"
    tables = frozenset({"source_record"})

    async def read(self, session: AsyncSession, keys: KeyRing, *, customer_id: UUID) -> Rows:
        """Return a row for each record."""
        query = select(SourceRecord).where(SourceRecord.customer_id == customer_id).order_by(col(SourceRecord.line))
        plain = ("line", "party_type", "status", "gender", "certificate_type", "city_code", "branch_code")
        dates = ("opened_on", "as_of", "ended_on")
        fields = ("record_id", "customer_no", *FIELDS)
        return [
            {name: getattr(row, name) for name in plain}
            | unseal(keys, "source_record", row.model_dump(), fields=fields)
            | {name: getattr(row, name) for name in dates}
            for row in (await session.exec(query)).all()
        ]


class RequestsSection:
    """What the customer asked for, in the words of both sides."""

    name = "data_requests"
    tables = frozenset({"data_request"})

    async def read(self, session: AsyncSession, keys: KeyRing, *, customer_id: UUID) -> Rows:
        """Return a row for each request."""
        customer = (await session.exec(select(Customer).where(Customer.id == customer_id))).one()
        key = keys.open_data_key(WrappedKey(customer.data_key or b""), customer_id)
        query = select(DataRequest).where(DataRequest.customer_id == customer_id).order_by(col(DataRequest.created_at))
        plain = ("kind", "state", "created_at", "due_on", "decided_at")
        found: Rows = []
        for row in (await session.exec(query)).all():
            words: dict[str, Any] = {name: getattr(row, name) for name in plain}
            for name in ("details", "answer"):
                sealed: bytes | None = getattr(row, f"{name}_enc")
                column = f"{name}_enc"
                words[name] = None if sealed is None else key.decrypt(sealed, "data_request", column, row.id)
            found.append(words)
        return found


CONSENTS: Final = QuerySection(
    "consents",
    frozenset({"consent"}),
    "SELECT purpose, channel, state, text_version, given_at, evidence, recorded_at FROM consent"
    " WHERE customer_id = :customer_id ORDER BY recorded_at, id",
)
ACCESS_LOG: Final = QuerySection(
    "access_log",
    frozenset({"audit_entry"}),
    # No refused tries, and not what compliance and audit look at. The permission, for the name of an operation would
    # tell of a restriction; and nothing at all of looks at restrictions, of which the customer must not be told.
    "SELECT at, actor_kind, roles, permission FROM audit_entry"
    " WHERE owner_id = :customer_id AND actor_kind IN ('staff', 'service') AND result = 'done'"
    " AND NOT string_to_array(roles, ',') && ARRAY['compliance', 'auditor']"
    " AND action NOT IN ('listCustomerRestrictions', 'putCustomerRestrictions', 'restrictions.put') ORDER BY at, id",
)


class CustomerStep:
    """Destroys the customer's data key, empties the row, and deletes what leads to it."""

    tables = frozenset({"customer", "source_record", "customer_ref", "match_review", "customer_access"})

    async def erase(self, session: AsyncSession, *, customer_id: UUID, at: datetime) -> Mapping[str, int]:
        """Empty the row and delete the records with their own data keys; tokens of before are refused."""
        ciphers = ", ".join(f"{name}_enc = NULL" for name in FIELDS)
        await session.execute(
            text(
                f"UPDATE customer SET {ciphers}, data_key = NULL, name_idx = NULL, phone_idx = NULL,"  # noqa: S608 - our own columns
                " gender = 'U', birth_year = NULL, birth_mmdd = NULL, city_code = NULL, certificate_type = NULL,"
                " status = 'closed', not_before = :at, erased_at = :at WHERE id = :customer_id"
            ),
            {"customer_id": customer_id, "at": at},
        )
        gone = ("source_record", "customer_ref", "match_review", "customer_access")
        return {"customer": 1} | {name: await forget(session, customer_id=customer_id, table=name) for name in gone}


class HeldFieldsStep:
    """Releases the fields that people held; their values stood in the customer's row."""

    tables = frozenset({"customer_field_lock"})

    async def erase(self, session: AsyncSession, *, customer_id: UUID, at: datetime) -> Mapping[str, int]:
        """Delete the locks, as whoever releases a field does."""
        statement = text("DELETE FROM customer_field_lock WHERE customer_id = :customer_id RETURNING field")
        return {"customer_field_lock": len((await session.execute(statement, {"customer_id": customer_id})).all())}


class PrivacyStep:
    """Closes the customer's requests, drops the words and the files, and forgets the answers kept for retries."""

    tables = frozenset({"data_request", "subject_export", "idempotency_key"})

    async def erase(self, session: AsyncSession, *, customer_id: UUID, at: datetime) -> Mapping[str, int]:
        """Empty words and files."""
        bound = {"customer_id": customer_id, "at": at}
        await session.execute(
            text("UPDATE data_request SET details_enc = NULL, answer_enc = NULL WHERE customer_id = :customer_id"),
            bound,
        )
        closed = await session.execute(
            text(
                "UPDATE data_request SET decided_at = :at,"
                " state = CASE WHEN kind = 'delete' THEN 'fulfilled' ELSE 'refused' END"
                " WHERE customer_id = :customer_id AND state IN ('received', 'in_progress') RETURNING id"
            ),
            bound,
        )
        # Requests before files, as the worker takes them: a copy that it was making is there by now, and goes.
        await session.execute(
            text("UPDATE subject_export SET made_at = :at WHERE customer_id = :customer_id AND made_at IS NULL"), bound
        )
        await requests.drop_files(session, now=at, customer_id=customer_id)
        answers = await session.execute(
            text(
                "UPDATE idempotency_key SET body = NULL WHERE actor_id = :customer_id AND body IS NOT NULL"
                " RETURNING key"
            ),
            bound,
        )
        return {"data_request": len(closed.all()), "idempotency_key": len(answers.all())}


class RetentionGuard:
    """The law asks to keep the data of some customers."""

    async def objections(self, session: AsyncSession, *, customer_id: UUID) -> list[str]:
        """Object while a restriction that keeps the data is in force."""
        kept = await keeps_data(session, customer_id=customer_id, day=clock.today())
        return [LEGAL_RETENTION] if kept else []


RETENTION_GUARD: Final = RetentionGuard()
SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    ProfileSection(),
    RecordsSection(),
    RequestsSection(),
    CONSENTS,
    ACCESS_LOG,
    QuerySection(
        "held_fields",
        frozenset({"customer_field_lock"}),
        "SELECT field, line, until, locked_at FROM customer_field_lock WHERE customer_id = :customer_id ORDER BY field",
    ),
)
ERASURE_STEPS: Final[tuple[ErasureStep, ...]] = (PrivacyStep(), CustomerStep(), HeldFieldsStep())
