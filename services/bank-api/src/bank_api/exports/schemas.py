"""What the bank port takes and says of exports."""

from datetime import datetime
from typing import Self

from pydantic import Field, model_validator

from guibin.core.ids import ApprovalId, BranchId, ExportId, ManagerId
from guibin.core.invalid import invalid_input
from guibin.core.text import Code
from guibin.exports.models import ExportFailure, ExportState, ListKind
from guibin.rights.models import TaxKind
from guibin.web import OutModel, StrictModel
from guibin.web.months import Month


class CustomerFilters(StrictModel):
    """The filters of `GET /v1/customers`; what is not named takes all."""

    tag: Code | None = Field(default=None, description="Only those who have this tag today")
    tier: Code | None = Field(default=None, description="Only those of this tier today", examples=["T2"])
    manager: ManagerId | None = Field(default=None, description="Only those whom this manager serves today")
    branch: BranchId | None = Field(default=None, description="Only those of this branch and all below it")

    def named(self) -> dict[str, str]:
        """Return the filters that are set, as callers write them."""
        found: dict[str, str] = self.model_dump(mode="json", exclude_none=True)
        return found


class ListFilters(CustomerFilters):
    """The filters of the list: those of `GET /v1/customers`, or those of `GET /v1/reports/tax-recipients/{month}`."""

    month: Month | None = Field(default=None, description="Of recipients: in which month")
    tax_kind: TaxKind | None = Field(default=None, description="Of recipients: only of this kind")


OF_RECIPIENTS = ListFilters.model_fields.keys() - CustomerFilters.model_fields.keys()


class ExportIn(StrictModel):
    """Which list, by which filters."""

    kind: ListKind = Field(examples=["customers"])
    filters: ListFilters = Field(default_factory=ListFilters)

    @model_validator(mode="after")
    def _filters_of_the_list(self) -> Self:
        of_recipients = self.kind is ListKind.TAX_RECIPIENTS
        others = CustomerFilters.model_fields.keys() if of_recipients else OF_RECIPIENTS
        if others & self.filters.named().keys():
            raise invalid_input("filter", "含有不适用于该名单的筛选条件", "must be filters of this list")
        if of_recipients and self.filters.month is None:
            raise invalid_input("filter", "须提供 month", "needs a month")
        return self


class ExportOut(OutModel):
    """An export that I asked for and how it stands."""

    id: ExportId
    kind: ListKind
    filters: ListFilters
    state: ExportState = Field(
        description="waiting for the worker; ready to be fetched; fetched; expired after a day; or failed"
    )
    failure: ExportFailure | None = Field(description="Why it was not made")
    rows: int | None = Field(description="Lines of the file without its header; null before it is made")
    approval_id: ApprovalId | None = Field(description="Who agreed to it, where it took a second person")
    created_at: datetime
    made_at: datetime | None
    expires_at: datetime | None = Field(description="The file is gone then")
    fetched_at: datetime | None


class FileLinkOut(OutModel):
    """Where the file is fetched, once."""

    path: str = Field(description="Ask for it with my own token within 15 minutes; it works once")
    expires_at: datetime
