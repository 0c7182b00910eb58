"""Importing values of a tag: each row names a customer by an identifier that is hashed before anything is looked up."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.ids import from_public, new_id, to_public
from guibin.core.lines import Line
from guibin.customers.changes.repository import note_change
from guibin.customers.identifiers import normalise_certificate, normalise_number, normalise_phone
from guibin.customers.models import CertificateType
from guibin.customers.references import certificate_index, customer_no_ref, phone_index, record_ref
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
    importing = await Importing.begin(session, scope, keys, tag, actor=actor, terms=terms)
    statuses = await importing.take(rows)
    return Imported(await importing.finish(), statuses)


@dataclass
class Importing:
    """An import while its rows come in, some thousand at a time: what they give is laid out, and written at the end."""

    session: AsyncSession
    scope: Scope
    keys: KeyRing
    tag: Tag
    actor: Actor
    terms: ImportTerms
    version: TagVersion
    listed: Listed
    counts: Counter[RowStatus] = field(default_factory=Counter)
    seen: set[UUID] = field(default_factory=set)

    @classmethod
    async def begin(
        cls, session: AsyncSession, scope: Scope, keys: KeyRing, tag: Tag, *, actor: Actor, terms: ImportTerms
    ) -> "Importing":
        """Begin an import; raises as `import_values` does."""
        version, listed = await _importable(session, tag)
        await repository.begin_stage(session)
        return cls(session, scope, keys, tag, actor, terms, version, listed)

    async def take(self, rows: Sequence[ImportRow]) -> list[RowStatus]:
        """Take some rows, and tell what became of each; who did not consent is counted, and not told apart."""
        hashed = [(row, _hash(self.keys, self.terms, row.key)) for row in rows]
        async with all_rows(self.session):
            named = {key for _, key in hashed if key is not None}
            owners: Mapping[Key, frozenset[UUID]] = await repository.owners_of(
                self.session, self.scope, self.terms.key, named
            )
            statuses, given = match_rows(hashed, owners, self.listed, self.seen)
            self.counts.update(statuses)
            if self.tag.sensitivity == Sensitivity.SENSITIVE:
                consenting = await repository.consenting_among(self.session, [one.customer_id for one in given])
                kept = [one for one in given if one.customer_id in consenting]
                self.counts[RowStatus.NO_CONSENT] += len(given) - len(kept)
                self.counts[RowStatus.MATCHED] -= len(given) - len(kept)
                given = kept
            await repository.lay_out(self.session, given)
        return statuses

    async def finish(self, *, invalid: int = 0, sha256: bytes | None = None) -> TagImport:
        """Write what the rows gave, from today on; `invalid` are rows besides that could not be read."""
        session, day = self.session, clock.today()
        self.counts[RowStatus.INVALID] += invalid
        async with all_rows(session):
            ended: list[UUID] = []
            if self.terms.mode is ImportMode.FULL:
                ended = await repository.end_others(session, self.scope, code=self.tag.code, day=day)
                await note_change(session, ended)
            rows = sum(self.counts.values())
            made = _made(self.tag, self.actor, self.terms, self.counts, rows=rows, ended=len(ended))
            made.sha256 = sha256
            session.add(made)
            await session.flush()
            await repository.write_staged(session, made, version=self.version.version, day=day)
        facts = {"import": to_public("tim", made.id), "rows": made.rows, "matched": made.matched, "ended": made.ended}
        await audit.record(
            session, actor=self.actor, action="tag.import", object_type="tag", object_id=self.tag.code, facts=facts
        )
        return made


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
        matched=counts[RowStatus.MATCHED],
        unknown=counts[RowStatus.UNKNOWN],
        ambiguous=counts[RowStatus.AMBIGUOUS],
        duplicate=counts[RowStatus.DUPLICATE],
        invalid=counts[RowStatus.INVALID],
        no_consent=counts[RowStatus.NO_CONSENT],
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
