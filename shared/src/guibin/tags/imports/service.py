"""Importing values of a tag: each row names a customer by an identifier that is hashed before anything is looked up."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.ids import from_public, new_id, to_public
from guibin.core.lines import Line
from guibin.customers.identifiers import normalise_certificate, normalise_number, normalise_phone
from guibin.customers.models import CertificateType
from guibin.customers.references import certificate_index, customer_no_ref, phone_index, record_ref
from guibin.customers.touches.repository import touch
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing
from guibin.security.row_scope import all_rows
from guibin.tags import repository as tags
from guibin.tags.errors import TagKindConflict, TagRuleMissing
from guibin.tags.imports import repository
from guibin.tags.imports.models import ImportMode, KeyKind, TagImport
from guibin.tags.imports.repository import Key
from guibin.tags.imports.rules import ImportRow, RowStatus, match_rows
from guibin.tags.kinds import Listed, read_definition
from guibin.tags.models import Sensitivity, Tag, TagKind, TagState, TagVersion
from guibin.tags.service.manual import expiry_of

_FROM_OUTSIDE: Final = frozenset({TagKind.MODEL, TagKind.IMPORTED})


@dataclass(frozen=True, slots=True)
class ImportTerms:
    """How the rows of an import name customers, and what holds for all of them.

    `line` belongs to records, `certificate_type` to certificates. `expires_on` is the first day without the values;
    without it the tag's own period counts from today.
    """

    key: KeyKind
    mode: ImportMode = ImportMode.DELTA
    line: Line = Line.PERSONAL_FINANCE
    certificate_type: CertificateType = CertificateType.ID_CARD
    model: str | None = None
    model_version: str | None = None
    scored_on: date | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """An import as recorded, and what became of each row."""

    made: TagImport
    statuses: list[RowStatus]


async def import_values(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    tag: Tag,
    *,
    actor: Actor,
    terms: ImportTerms,
    rows: Sequence[ImportRow],
) -> Imported:
    """Give the customers in scope whom rows name their values from today on, and tell what became of each row.

    Raises:
        TagKindConflict: the tag does not come from outside.
        StateConflict: it is suspended or retired.
        TagRuleMissing: its values were never published.
    """
    version, listed = await _importable(session, tag)
    hashed = [(row, _hash(keys, terms, row.key)) for row in rows]
    async with all_rows(session):
        named = {key for _, key in hashed if key is not None}
        owners: Mapping[Key, frozenset[UUID]] = await repository.owners_of(session, scope, terms.key, named)
        statuses, given = match_rows(hashed, owners, listed)
        counts = Counter(statuses)
        if tag.sensitivity == Sensitivity.SENSITIVE:
            consenting = await repository.consenting_among(session, [one.customer_id for one in given])
            kept = [one for one in given if one.customer_id in consenting]
            counts[RowStatus.NO_CONSENT] = len(given) - len(kept)
            counts[RowStatus.MATCHED] = len(kept)
            given = kept
        others = set[UUID]()
        if terms.mode is ImportMode.FULL:
            others = await repository.holders_of(session, scope, code=tag.code) - {one.customer_id for one in given}
        made = _made(tag, actor, terms, counts, rows=len(rows), ended=len(others))
        session.add(made)
        await session.flush()
        day = clock.today()
        await repository.write_given(session, made, given, version=version.version, day=day)
        await repository.end_others(session, code=tag.code, others=others, day=day)
        await touch(session, {one.customer_id for one in given} | others)
    facts = {"import": to_public("tim", made.id), "rows": made.rows, "matched": made.matched, "ended": made.ended}
    await audit.record(session, actor=actor, action="tag.import", object_type="tag", object_id=tag.code, facts=facts)
    return Imported(made, statuses)


async def _importable(session: AsyncSession, tag: Tag) -> tuple[TagVersion, Listed]:
    if tag.kind not in _FROM_OUTSIDE:
        raise TagKindConflict(kind=tag.kind)
    if tag.state in {TagState.SUSPENDED, TagState.RETIRED}:
        raise StateConflict(**{"from": tag.state, "to": TagState.PUBLISHED})
    version = await tags.find_version(session, tag)
    listed = None if version is None else read_definition(TagKind(tag.kind), version.rule)
    if version is None or not isinstance(listed, Listed):
        raise TagRuleMissing
    return version, listed


def _made(
    tag: Tag, actor: Actor, terms: ImportTerms, counts: Counter[RowStatus], *, rows: int, ended: int
) -> TagImport:
    return TagImport(
        id=new_id(),
        tag_code=tag.code,
        key_kind=terms.key,
        mode=terms.mode,
        model=terms.model,
        model_version=terms.model_version,
        scored_on=terms.scored_on,
        expires_on=terms.expires_on or expiry_of(tag, clock.today()),
        rows=rows,
        **{status.value: counts[status] for status in RowStatus},
        ended=ended,
        made_by=actor.id,
        made_at=clock.now(),
    )


def _hash(keys: KeyRing, terms: ImportTerms, key: str) -> Key | None:
    """Return by what a customer is looked up; None when the key is none of its kind."""
    return _HASHES[terms.key](keys, terms, key.strip())


def _by_certificate(keys: KeyRing, terms: ImportTerms, key: str) -> bytes | None:
    number = normalise_certificate(terms.certificate_type, key, on=clock.today())
    return certificate_index(keys, terms.certificate_type, number)


def _by_number(keys: KeyRing, _terms: ImportTerms, key: str) -> bytes | None:
    number = normalise_number(key)
    return None if number is None else customer_no_ref(keys, number)


def _by_phone(keys: KeyRing, _terms: ImportTerms, key: str) -> bytes | None:
    phone = normalise_phone(key)
    return None if phone is None else phone_index(keys, phone)


_HASHES: Final[dict[KeyKind, Callable[[KeyRing, ImportTerms, str], Key | None]]] = {
    KeyKind.CUSTOMER: lambda _keys, _terms, key: from_public("cus", key),
    KeyKind.CUSTOMER_NO: _by_number,
    KeyKind.CERTIFICATE: _by_certificate,
    KeyKind.PHONE: _by_phone,
    KeyKind.RECORD: lambda keys, terms, key: record_ref(keys, terms.line, key),
}
