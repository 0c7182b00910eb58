"""Imports of tags on the bank port: values of models and lists, keyed by any identifier of customers."""

from datetime import date, datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from guibin.approvals.errors import StateConflict
from guibin.core.errors import NotFound
from guibin.core.ids import StaffId, TagImportId, to_public
from guibin.core.lines import Line
from guibin.core.text import Code, OneLine
from guibin.core.workbook import WorkbookTooLarge, WorkbookUnreadable
from guibin.customers.models import CertificateType
from guibin.feeds.errors import ColumnsInvalid, EncodingInvalid, FileEmpty, FileMalformed, FileTypeInvalid
from guibin.feeds.reject_file import reject_file
from guibin.feeds.rules import RowCode
from guibin.feeds.tags.service import ImportedFile, take_tag_file
from guibin.security.actors import Domain, Verb
from guibin.tags import repository
from guibin.tags.errors import TagKindConflict, TagRuleMissing
from guibin.tags.imports.models import ImportMode, KeyKind
from guibin.tags.imports.repository import find_import, list_imports, list_rejects
from guibin.tags.imports.rules import ImportRow, RowStatus
from guibin.tags.imports.service import Imported, Importing, ImportTerms, import_values
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
    Upload,
    declare,
    json_body,
    page_query,
    staff,
    upload_body,
)
from guibin.web.formats import CSV, Wanted

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


class TagRejectOut(OutModel):
    """A row that gave nothing: where and why, never its content."""

    row: int = Field(description="Line of the file, the header is line 1")
    code: RowCode
    column: str | None


class ImportedFileOut(TagImportOut):
    """An import by file with its match report."""

    repeated: bool = Field(description="The same file came today already: this is what became of it")
    dry_run: bool = Field(description="Nothing was stored")
    rejects: list[TagRejectOut] = Field(description="The first 100 rows that gave nothing")

    @classmethod
    def of_file(cls, done: ImportedFile) -> "ImportedFileOut":
        """Describe an import by file."""
        rejects = [TagRejectOut(row=one.row, code=one.code, column=one.column) for one in done.rejects]
        said = {"repeated": done.repeated, "dry_run": done.dry_run, "rejects": rejects}
        return cls(**done.made.model_dump(exclude={"sha256"}), **said)


@router.post("/tags/{code}/imports/file", operation_id="importTagFile")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.UPLOAD,
    data=DataClass.C2,
    body_limit=BodyLimit.UPLOAD,
    refusals=(
        *(StateConflict, TagKindConflict, TagRuleMissing, FileTypeInvalid, FileEmpty, EncodingInvalid),
        *(ColumnsInvalid, FileMalformed, WorkbookUnreadable, WorkbookTooLarge),
    ),
)
async def import_tag_file(
    call: StaffCall,
    code: Code,
    upload: Annotated[Upload, upload_body()],
    key: Annotated[KeyKind, Query(description="By what the rows name customers; the keys are hashed and never kept")],
    mode: Annotated[ImportMode, Query(description="full: those who are not named lose the tag")] = ImportMode.DELTA,
    line: Annotated[Line, Query(description="Whose records the keys are, for `record`")] = Line.PERSONAL_FINANCE,
    certificate_type: Annotated[CertificateType, Query(description="For `certificate`")] = CertificateType.ID_CARD,
    expires_on: Annotated[Day | None, Query(description="First day without the values, else by the period")] = None,
    dry_run: Annotated[bool, Query(description="Answer what would happen and store nothing")] = False,
) -> ImportedFileOut:
    """Give customers the values of a published model or imported tag by a file: CSV, JSON lines or an XLSX.

    Its columns are `key`, and `value` and `probability` where the tag has such. Good rows are taken, the others kept by
    line and reason. The same file again on the same day answers with the first result and changes nothing.
    """
    tag = await repository.get_tag(call.session, code=code, lock=True)
    terms = ImportTerms(key, mode, line, certificate_type, expires_on=expires_on)
    importing = await Importing.begin(call.session, call.scope, call.keys, tag, actor=call.actor, terms=terms)
    done = await take_tag_file(importing, upload.chunks(), dry_run=dry_run)
    await used(call, UseWay.GIVEN, [code])
    return ImportedFileOut.of_file(done)


@router.get(
    "/tags/{code}/imports/{import_id}/rejects",
    operation_id="listTagImportRejects",
    response_model=Page[TagRejectOut],
    responses={200: {"description": "As JSON, or all of them as CSV for who accepts `text/csv`", "content": {CSV: {}}}},
)
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1, formats=(CSV,))
async def list_tag_import_rejects(
    call: StaffCall, code: Code, import_id: TagImportId, page: Annotated[PageRequest, page_query()], wanted: Wanted
) -> Page[TagRejectOut] | Response:
    """List the rows of an imported file that gave nothing, by their lines; as CSV the reject file for the sender."""
    found = await find_import(call.session, code=code, import_id=import_id)
    if found is None:
        raise NotFound
    if wanted == CSV:
        every = await list_rejects(call.session, import_id=found.id, limit=None)
        name = f'attachment; filename="rejects-{to_public("tim", found.id)}.csv"'
        return Response(reject_file(every), media_type=CSV, headers={"Content-Disposition": name})
    rows = await list_rejects(call.session, import_id=found.id, limit=page.fetch, after=page.after_seq)
    return page.answer(rows, position=lambda row: row.row, shape=TagRejectOut.model_validate)


@router.get("/tags/{code}/imports", operation_id="listTagImports")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_tag_imports(
    call: StaffCall, code: Code, page: Annotated[PageRequest, page_query()]
) -> Page[TagImportOut]:
    """List the imports of a tag with their match reports, newest first."""
    tag = await repository.get_tag(call.session, code=code)
    rows = await list_imports(call.session, code=tag.code, limit=page.fetch, before=page.after_id)
    return page.answer(rows, position=lambda row: str(row.id), shape=TagImportOut.model_validate)
