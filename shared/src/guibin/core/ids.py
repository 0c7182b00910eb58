"""Ids: UUIDv7 inside; outside a prefix that names the kind and the lower-case dashed form (`cus_0192...`)."""

import re
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema
from uuid_utils.compat import uuid7

from guibin.core.invalid import invalid_input

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_EXAMPLE = "01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4"


def new_id() -> UUID:
    """Return a new UUIDv7: unique, ordered by time of creation."""
    return uuid7()


def to_public(prefix: str, value: UUID) -> str:
    """Write an id as callers see it, for example `cus_0192f0c1-...`."""
    return f"{prefix}_{value}"


def from_public(prefix: str, text: str) -> UUID | None:
    """Read an id that a caller sent; None when its kind or shape is wrong."""
    if re.fullmatch(f"{prefix}_{_UUID}", text) is None:
        return None
    return UUID(text[len(prefix) + 1 :])


@dataclass(frozen=True)
class PublicId:
    """Makes an annotated UUID travel as a prefixed id of one kind."""

    prefix: str

    def _read(self, value: object) -> UUID:
        if isinstance(value, UUID):
            return value
        found = from_public(self.prefix, value) if isinstance(value, str) else None
        if found is None:
            raise invalid_input(
                "id", "须为以 {prefix}_ 开头的编号", "must be an id that begins with {prefix}_", prefix=self.prefix
            )
        return found

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Validate from the public form in every mode, serialise to it."""
        return core_schema.no_info_plain_validator_function(
            self._read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: to_public(self.prefix, value), return_schema=core_schema.str_schema()
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe the public form."""
        return {
            "type": "string",
            "pattern": f"^{self.prefix}_{_UUID}$",
            "examples": [to_public(self.prefix, UUID(_EXAMPLE))],
        }


AbsenceId = Annotated[UUID, PublicId("abs")]
ApprovalId = Annotated[UUID, PublicId("apr")]
AssetRuleId = Annotated[UUID, PublicId("asr")]
AssignmentPlanId = Annotated[UUID, PublicId("asp")]
AuditId = Annotated[UUID, PublicId("aud")]
BranchId = Annotated[UUID, PublicId("brn")]
BudgetId = Annotated[UUID, PublicId("bgt")]
CallId = Annotated[UUID, PublicId("cll")]
ContactId = Annotated[UUID, PublicId("ctc")]
CarePlanId = Annotated[UUID, PublicId("cpl")]
CareTaskId = Annotated[UUID, PublicId("ctk")]
ClaimId = Annotated[UUID, PublicId("clm")]
ComplaintId = Annotated[UUID, PublicId("cmp")]
CoverageId = Annotated[UUID, PublicId("cov")]
CustomerId = Annotated[UUID, PublicId("cus")]
DataRequestId = Annotated[UUID, PublicId("dsr")]
DelegationId = Annotated[UUID, PublicId("dlg")]
DisputeId = Annotated[UUID, PublicId("dsp")]
DeliveryId = Annotated[UUID, PublicId("dlv")]
EntryId = Annotated[UUID, PublicId("ent")]
ErasureId = Annotated[UUID, PublicId("ers")]
EventId = Annotated[UUID, PublicId("evt")]
ExportId = Annotated[UUID, PublicId("exp")]
FeedBatchId = Annotated[UUID, PublicId("fbt")]
FeedFileId = Annotated[UUID, PublicId("fil")]
GiftHandoverId = Annotated[UUID, PublicId("gfh")]
GiftId = Annotated[UUID, PublicId("gft")]
HandoverId = Annotated[UUID, PublicId("hnd")]
HoldId = Annotated[UUID, PublicId("hol")]
HoldingId = Annotated[UUID, PublicId("hld")]
HouseholdId = Annotated[UUID, PublicId("hou")]
HouseholdPlaceId = Annotated[UUID, PublicId("hpl")]
LinkId = Annotated[UUID, PublicId("lnk")]
LotId = Annotated[UUID, PublicId("lot")]
ManagerId = Annotated[UUID, PublicId("mgr")]
MatchId = Annotated[UUID, PublicId("mat")]
MatrixId = Annotated[UUID, PublicId("mmx")]
MergeId = Annotated[UUID, PublicId("mrg")]
NeedId = Annotated[UUID, PublicId("ned")]
OpportunityId = Annotated[UUID, PublicId("opp")]
PackageId = Annotated[UUID, PublicId("pkg")]
PointsFileId = Annotated[UUID, PublicId("pfl")]
PromiseId = Annotated[UUID, PublicId("prm")]
ProposalId = Annotated[UUID, PublicId("rpp")]
RedemptionId = Annotated[UUID, PublicId("rdm")]
ReservationId = Annotated[UUID, PublicId("rsv")]
RestrictionId = Annotated[UUID, PublicId("rst")]
RightId = Annotated[UUID, PublicId("rgt")]
RunId = Annotated[UUID, PublicId("run")]
SchemeId = Annotated[UUID, PublicId("sch")]
StandardId = Annotated[UUID, PublicId("std")]
SessionId = Annotated[UUID, PublicId("ses")]
SlotId = Annotated[UUID, PublicId("slt")]
StaffId = Annotated[UUID, PublicId("stf")]
SnapshotId = Annotated[UUID, PublicId("snp")]
SupplierId = Annotated[UUID, PublicId("sup")]
SupplierOrderId = Annotated[UUID, PublicId("ord")]
TagImportId = Annotated[UUID, PublicId("tim")]
TouchId = Annotated[UUID, PublicId("tch")]
TransferId = Annotated[UUID, PublicId("trf")]
InheritanceId = Annotated[UUID, PublicId("inh")]
VoucherUseId = Annotated[UUID, PublicId("vus")]
WebhookId = Annotated[UUID, PublicId("whk")]
