"""Data fusion (数据融合化): the records of a parties file find their customers, batch by batch, in one transaction.

One `Fusion` takes one file. Whoever calls it holds the lock under which files are taken one at a time.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.bulk import columns_of, upsert
from guibin.core.ids import new_id
from guibin.core.lines import Line
from guibin.customers import fusion_repository
from guibin.customers.candidates import Candidate, Said, personal_values
from guibin.customers.filling import filled, said_of_records
from guibin.customers.locks.repository import held_fields
from guibin.customers.merging import EQUAL_REFERENCES, merge, reason_for_people
from guibin.customers.models import RefKind
from guibin.customers.personal import seal
from guibin.customers.policy.repository import policy_in_force
from guibin.customers.policy.rules import IdentityPolicy
from guibin.customers.references import certificate_index, record_ref, refs_of
from guibin.customers.repository import add_refs, customers_of_refs
from guibin.customers.rules import Known, Party, Placement, Pointers, ReviewReason, place
from guibin.security.actors import Actor
from guibin.security.ciphers import KeyRing


@dataclass(frozen=True, slots=True)
class FileContext:
    """What all records of a file have in common; customers without a branch belong to the head office.

    `fills` are the columns that only fill what is empty in a record.
    """

    line: Line
    business_date: date
    feed_file_id: UUID
    actor: Actor
    branches: Mapping[str, UUID]
    head_office: UUID
    fills: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Record:
    """A record on its way to its customer."""

    party: Party
    ref: bytes
    number_ref: bytes | None
    certificate_ref: bytes | None
    content_hash: bytes
    stored: Mapping[str, Any] | None
    customer_id: UUID | None = None


class Fusion:
    """Takes the parties of one file. `counts` tells what became of them, `seen` which records were in the file."""

    def __init__(self, session: AsyncSession, keys: KeyRing, context: FileContext) -> None:
        self._session = session
        self._keys = keys
        self._context = context
        self.counts: Counter[str] = Counter()

    async def take(self, parties: Sequence[Party]) -> None:
        """Fuse a batch: unchanged records change nothing, the others find, make, connect or keep apart customers."""
        records = await self._changed(await self._filled(parties))
        if records:
            batch = _Batch(self._session, self._keys, self._context, self.counts)
            await batch.load(records)
            for record in records:
                await batch.place(record)
            await batch.write(records)

    async def end_missing(self, seen: Iterable[bytes]) -> None:
        """End the line's records that a full file leaves out; `seen` are the references of those that are in it."""
        touched = await fusion_repository.end_records(
            self._session, line=self._context.line, day=self._context.business_date, seen=seen
        )
        self.counts["ended"] += len(touched)
        await fusion_repository.refresh_customers(self._session, list(set(touched)))

    async def end_named(self, refs: Sequence[bytes]) -> set[bytes]:
        """End the line's records that rows of the file name as over; returns those that it never had."""
        if not refs:
            return set()
        line, day = self._context.line, self._context.business_date
        known = await fusion_repository.stored_records(self._session, line=line, refs=refs)
        touched = await fusion_repository.end_named_records(self._session, line=line, day=day, refs=refs)
        self.counts["deleted"] += len(touched)
        await fusion_repository.refresh_customers(self._session, list(set(touched)))
        return set(refs) - known.keys()

    async def _filled(self, parties: Sequence[Party]) -> Sequence[Party]:
        """Let what a record says already stand where its line's columns only fill what is empty."""
        if not self._context.fills:
            return parties
        refs = {party.record_id: record_ref(self._keys, self._context.line, party.record_id) for party in parties}
        said = await said_of_records(self._session, self._keys, line=self._context.line, refs=list(refs.values()))
        return [filled(party, said.get(refs[party.record_id], {}), self._context.fills) for party in parties]

    async def _changed(self, parties: Sequence[Party]) -> list[_Record]:
        """Return the records that say something new."""
        by_ref = {record_ref(self._keys, self._context.line, party.record_id): party for party in parties}
        stored = await fusion_repository.stored_records(self._session, line=self._context.line, refs=list(by_ref))
        found = []
        for ref, party in by_ref.items():
            known = stored.get(ref)
            content_hash = self._keys.blind_index("record", f"content|{party.content}")
            if known is not None and self._is_settled(known, content_hash):
                self.counts["unchanged"] += 1
            else:
                found.append(_Record(party, ref, *refs_of(self._keys, party), content_hash, known))
        return found

    def _is_settled(self, known: Mapping[str, Any], content_hash: bytes) -> bool:
        """Tell whether a stored record needs no change: it says the same, or something newer."""
        same = known["content_hash"] == content_hash and known["ended_on"] is None
        return bool(same or known["as_of"] > self._context.business_date)


class _Batch:
    """The customers and references that the records of one batch meet, as they stand while it is placed."""

    def __init__(self, session: AsyncSession, keys: KeyRing, context: FileContext, counts: Counter[str]) -> None:
        self._session = session
        self._keys = keys
        self._context = context
        self._counts = counts
        self._refs: dict[bytes, UUID] = {}
        self._new_refs: dict[bytes, RefKind] = {}
        self._candidates: dict[UUID, Candidate] = {}
        self._became: dict[UUID, UUID] = {}
        self._merges: list[tuple[UUID, UUID]] = []
        self._reviews: list[tuple[UUID, UUID, ReviewReason]] = []
        self._rebuild: set[UUID] = set()
        self._policy = IdentityPolicy()

    async def load(self, records: Sequence[_Record]) -> None:
        """Load the bank's policy, and the customers that the records' references name."""
        self._policy = await policy_in_force(self._session)
        wanted = {ref for record in records for ref in (record.number_ref, record.certificate_ref) if ref is not None}
        self._refs = await customers_of_refs(self._session, list(wanted))
        touched = set(self._refs.values())
        touched |= {record.stored["customer_id"] for record in records if record.stored is not None}
        numbered = await fusion_repository.numbered_customers(self._session, list(touched))
        held = await held_fields(self._session, list(touched))
        for row in await fusion_repository.customer_rows(self._session, list(touched)):
            fields = frozenset(held.get(row["id"], ()))
            self._candidates[row["id"]] = Candidate(row, is_new=False, numbered=row["id"] in numbered, held=fields)

    async def place(self, record: _Record) -> None:
        """Decide where a record belongs and note what follows from it."""
        current = None if record.stored is None else self._known(record.stored["customer_id"])
        placement = place(
            Pointers(
                has_number=record.number_ref is not None,
                current=current,
                by_number=self._named(record.number_ref),
                by_certificate=self._named(record.certificate_ref),
            )
        )
        home = await self._home(placement, None if current is None else current.id)
        record.customer_id = home.id
        self._claim(record, home, takes_number=placement.takes_number)
        if record.stored is None:
            self._refs[record.ref] = home.id
            self._new_refs[record.ref] = RefKind.RECORD
            home.hear(self._said(record.party))
            self._counts["records_new"] += 1
        else:
            self._counts["records_changed"] += 1
        if record.stored is not None or self._policy.own_rules:
            self._rebuild.add(home.id)

    def _said(self, party: Party) -> Said:
        branch_id = self._context.branches.get(party.branch_code or "")
        return Said.of_party(party, self._context.line, branch_id, as_of=self._context.business_date)

    async def _home(self, placement: Placement, current: UUID | None) -> Candidate:
        """Find or make the customer, and connect those who are one with it."""
        if placement.home is None:
            home = self._new_candidate()
            self._candidates[home.id] = home
            self._counts["customers_new"] += 1
        else:
            home = self._candidates[placement.home]
        for other_id in placement.absorbs:
            other = self._candidates[self._find(other_id)]
            objection = await self._objection(other, home)
            if objection is None:
                home = self._absorb(other, home)
                continue
            self._reviews.append((home.id, other.id, objection))
            home = other if other.id == current else home
        self._reviews += [(home.id, other_id, reason) for other_id, reason in placement.reviews]
        return home

    def _new_candidate(self) -> Candidate:
        context = self._context
        return Candidate.new(new_id(), line=context.line, branch_id=context.head_office, created_at=clock.now())

    async def _objection(self, one: Candidate, other: Candidate) -> ReviewReason | None:
        """Return why people have to decide about two who are one by their references; None: nothing stands against it.

        Who is not stored yet brings along nothing that could object.
        """
        if one.is_new or other.is_new:
            return None
        return await reason_for_people(self._session, self._policy, losing_id=one.id, surviving_id=other.id)

    def _absorb(self, loser: Candidate, survivor: Candidate) -> Candidate:
        """Make two customers one, the one that is stored keeping its id."""
        if survivor.is_new and not loser.is_new:
            loser, survivor = survivor, loser
        if loser.is_new:
            self._counts["customers_new"] -= 1
        else:
            self._merges.append((loser.id, survivor.id))
            self._counts["customers_merged"] += 1
        self._became[loser.id] = survivor.id
        survivor.numbered = survivor.numbered or loser.numbered
        self._rebuild.add(survivor.id)
        return survivor

    def _claim(self, record: _Record, home: Candidate, *, takes_number: bool) -> None:
        """Give a record's references that nobody has yet to its customer."""
        if record.number_ref is not None and takes_number:
            if record.number_ref not in self._refs:
                self._refs[record.number_ref] = home.id
                self._new_refs[record.number_ref] = RefKind.CUSTOMER_NO
            home.numbered = home.numbered or self._find(self._refs[record.number_ref]) == home.id
        if record.certificate_ref is not None and record.certificate_ref not in self._refs:
            self._refs[record.certificate_ref] = home.id
            self._new_refs[record.certificate_ref] = RefKind.CERTIFICATE

    def _named(self, ref: bytes | None) -> Known | None:
        found = None if ref is None else self._refs.get(ref)
        return None if found is None else self._known(found)

    def _known(self, customer_id: UUID) -> Known:
        candidate = self._candidates[self._find(customer_id)]
        return Known(candidate.id, candidate.numbered)

    def _find(self, customer_id: UUID) -> UUID:
        while customer_id in self._became:
            customer_id = self._became[customer_id]
        return customer_id

    async def write(self, records: Sequence[_Record]) -> None:
        """Write what was decided: customers, references, merges, records, reviews, and what follows for customers."""
        session, day = self._session, self._context.business_date
        standing = [one for one in self._candidates.values() if one.changed and one.id not in self._became]
        rows = [candidate.sealed(self._keys) for candidate in standing]
        await fusion_repository.write_customers(session, rows)
        refs = [(ref, kind, self._find(self._refs[ref])) for ref, kind in self._new_refs.items()]
        await add_refs(session, refs, day=day)
        for loser, survivor in self._merges:
            await merge(
                session,
                actor=self._context.actor,
                losing_id=loser,
                surviving_id=survivor,
                day=day,
                reason=EQUAL_REFERENCES,
            )
        await upsert(session, "source_record", self._record_rows(records), key=("customer_id", "id"))
        self._counts["reviews"] += await self._write_reviews()
        await self._rebuild_customers()
        await fusion_repository.refresh_customers(session, self._touched(records))

    def _touched(self, records: Sequence[_Record]) -> list[UUID]:
        return list({self._find(record.customer_id) for record in records if record.customer_id is not None})

    def _record_rows(self, records: Iterable[_Record]) -> Iterable[tuple[Any, ...]]:
        columns = columns_of("source_record")
        for record in records:
            if record.customer_id is not None:
                row = self._record_row(record, self._find(record.customer_id))
                yield tuple(row.get(column) for column in columns)

    def _record_row(self, record: _Record, customer_id: UUID) -> dict[str, Any]:
        party = record.party
        record_id = new_id() if record.stored is None else record.stored["id"]
        data_key, opened = self._keys.make_data_key(record_id)
        secrets = {"record_id": party.record_id, "customer_no": party.customer_no, **personal_values(party)}
        return {
            "customer_id": customer_id,
            "id": record_id,
            "line": self._context.line,
            "record_ref": record.ref,
            "customer_no_ref": record.number_ref,
            "certificate_ref": record.certificate_ref,
            "certificate_idx": certificate_index(self._keys, party.certificate_type, party.certificate_no),
            "content_hash": record.content_hash,
            "party_type": party.party_type,
            "status": party.status,
            "certificate_type": party.certificate_type,
            "gender": party.gender,
            "city_code": party.city_code,
            "branch_code": party.branch_code,
            "opened_on": party.opened_on,
            "data_key": data_key,
            **seal(opened, "source_record", record_id, secrets),
            "as_of": self._context.business_date,
            "feed_file_id": self._context.feed_file_id,
            "match_due_at": clock.now(),
        }

    async def _write_reviews(self) -> int:
        found = {(self._find(one), self._find(other), reason) for one, other, reason in self._reviews}
        rows = [
            (one, new_id(), other, reason, self._context.line, clock.now())
            for one, other, reason in sorted(found)
            if one != other or reason is ReviewReason.NUMBER_CHANGED
        ]
        return await fusion_repository.open_reviews(self._session, rows)

    async def _rebuild_customers(self) -> None:
        """Compose customers anew whose records changed, or who became one with another."""
        ids = list({self._find(customer_id) for customer_id in self._rebuild})
        await fusion_repository.recompose(self._session, self._keys, ids, self._context.branches)
