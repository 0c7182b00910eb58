"""What the bank port takes and says of exports."""

from datetime import datetime

from pydantic import Field

from guibin.core.ids import ApprovalId, BranchId, ExportId, ManagerId
from guibin.core.text import Code
from guibin.exports.models import ExportFailure, ExportState, ListKind
from guibin.web import OutModel, StrictModel


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


class ExportIn(StrictModel):
    """Which list, by which filters."""

    kind: ListKind = Field(examples=["customers"])
    filters: CustomerFilters = Field(default_factory=CustomerFilters)


class ExportOut(OutModel):
    """An export that I asked for and how it stands."""

    id: ExportId
    kind: ListKind
    filters: CustomerFilters
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
