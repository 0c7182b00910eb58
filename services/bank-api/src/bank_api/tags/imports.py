"""Imports of tags on the bank port: values of models and lists, keyed by any identifier of customers."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from guibin.approvals.errors import StateConflict
from guibin.core.ids import StaffId, TagImportId
from guibin.core.lines import Line
from guibin.core.text import Code, OneLine
from guibin.customers.models import CertificateType
from guibin.security.actors import Domain, Verb
from guibin.tags import repository
from guibin.tags.errors import TagKindConflict, TagRuleMissing
from guibin.tags.imports.models import ImportMode, KeyKind
from guibin.tags.imports.repository import list_imports
from guibin.tags.imports.rules import ImportRow, RowStatus
from guibin.tags.imports.service import Imported, ImportTerms, import_values
from guibin.tags.lineage.models import UseWay
from guibin.web import (
    BodyLimit,
    DataClass,
    Day,
    Idempotency,
    OutModel,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    StrictModel,
    declare,
    json_body,
    page_query,
    staff,
)

from .using import used

router = PortRouter(prefix="/v1", tags=["tags"])

DEFINE = staff(Verb.SUBMIT, Domain.TAGS)
READ = staff(Verb.READ, Domain.TAGS)


class ImportRowIn(StrictModel):
    """Whom a row names, and what it says."""

    key: Annotated[str, OneLine(64)] = Field(examples=["88001234"], description="Of the kind that the import names")
    value: Annotated[str, OneLine(40)] | None = Field(default=None, description="Of the tag's list, or a whole number")
    probability: Annotated[str, OneLine(7)] | None = Field(
        default=None, examples=["0.87345"], description="From 0 to 1, at most five places"
    )


class ImportIn(StrictModel):
    """Values of one tag."""

    key: KeyKind = Field(description="By what the rows name customers; the keys are hashed and never kept")
    mode: ImportMode = Field(default=ImportMode.DELTA, description="`full`: those who are not named lose the tag")
    line: Line = Field(default=Line.PERSONAL_FINANCE, description="Whose records the keys are, for `record`")
    certificate_type: CertificateType = Field(default=CertificateType.ID_CARD, description="For `certificate`")
    model: Annotated[str, OneLine(80)] | None = Field(default=None, examples=["churn"])
    model_version: Annotated[str, OneLine(40)] | None = Field(default=None, examples=["2026.11"])
    scored_on: Day | None = None
    expires_on: Day | None = Field(default=None, description="First day without the values, else by the tag's period")
    rows: Annotated[list[ImportRowIn], Field(min_length=1, max_length=1_000)]

    def terms(self) -> ImportTerms:
        """Return the command's form."""
        return ImportTerms(**{name: getattr(self, name) for name in ImportIn.model_fields if name != "rows"})


class TagImportOut(OutModel):
    """An import with its match report."""

    id: TagImportId
    tag_code: str
    key_kind: KeyKind
    mode: ImportMode
    model: str | None
    model_version: str | None
    scored_on: date | None
    expires_on: date | None
    rows: int
    matched: int
    unknown: int = Field(description="Keys that name nobody in your scope")
    ambiguous: int = Field(description="Keys that name several customers")
    duplicate: int = Field(description="Rows about a customer of whom an earlier row tells")
    invalid: int = Field(description="Values or probabilities that the tag does not take")
    no_consent: int = Field(description="Customers who did not consent to sensitive tags")
    ended: int = Field(description="Values that ended because a full import does not name them")
    made_by: StaffId
    made_at: datetime


class RowResultOut(OutModel):
    """What became of a row."""

    index: int
    status: RowStatus


class ImportedOut(TagImportOut):
    """An import, row by row."""

    results: list[RowResultOut]

    @classmethod
    def of(cls, done: Imported) -> "ImportedOut":
        """Describe an import."""
        results = [RowResultOut(index=index, status=status) for index, status in enumerate(done.statuses)]
        return cls(**done.made.model_dump(), results=results)


@router.post("/tags/{code}/imports", operation_id="importTagValues")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    body_limit=BodyLimit.BATCH,
    refusals=(StateConflict, TagKindConflict, TagRuleMissing),
)
async def import_tag_values(call: StaffCall, code: Code, body: Annotated[ImportIn, json_body(ImportIn)]) -> ImportedOut:
    """Give customers the values of a published model or imported tag, by up to 1,000 rows; each row tells what it did.

    A value that a customer has already goes on and is confirmed; another one ends today.
    """
    tag = await repository.get_tag(call.session, code=code, lock=True)
    rows = [ImportRow(row.key, row.value, row.probability) for row in body.rows]
    done = await import_values(
        call.session, call.scope, call.keys, tag, actor=call.actor, terms=body.terms(), rows=rows
    )
    await used(call, UseWay.GIVEN, [code])
    return ImportedOut.of(done)


@router.get("/tags/{code}/imports", operation_id="listTagImports")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_tag_imports(
    call: StaffCall, code: Code, page: Annotated[PageRequest, page_query()]
) -> Page[TagImportOut]:
    """List the imports of a tag with their match reports, newest first."""
    tag = await repository.get_tag(call.session, code=code)
    rows = await list_imports(call.session, code=tag.code, limit=page.fetch, before=page.after_id)
    return page.answer(rows, position=lambda row: str(row.id), shape=TagImportOut.model_validate)
