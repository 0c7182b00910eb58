"""What the bank port says of the organisation."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from guibin.core.ids import BranchId, DelegationId, StaffId
from guibin.core.invalid import invalid_input
from guibin.core.money import Cny
from guibin.core.text import Code, Note, OneLine
from guibin.customers.models import CertificateType
from guibin.feeds.models import OrganisationFile
from guibin.feeds.organisation.service import OrganisationTaking
from guibin.feeds.service import MOST_SHOWN_REJECTS
from guibin.organisation.calendars import SpecialDay
from guibin.organisation.models import BranchKind, CalendarYear, RoleGrant, Staff, StaffDelegation
from guibin.organisation.repository import LONGEST_DELEGATION
from guibin.security.actors import DataScope, Domain, Verb
from guibin.web import Day, Instant, OutModel, StrictModel

MOST_SPECIAL_DAYS: Final = 120
Reason = Annotated[str, Note(200)]


class BranchOut(OutModel):
    """A node of the organisation tree."""

    id: BranchId
    code: str = Field(examples=["310001"])
    kind: BranchKind
    parent_id: BranchId | None
    name_zh: str
    name_en: str
    city_code: str | None


class BranchesOut(OutModel):
    """The whole tree."""

    items: list[BranchOut]


class RoleAtOut(OutModel):
    """A role at a node of the organisation."""

    role: str = Field(examples=["manager"])
    branch_code: str = Field(examples=["310001"])


class StaffOut(OutModel):
    """A member of staff as administrators and auditors see one: no name, no phone."""

    id: StaffId
    no: str
    branch_id: BranchId
    active: bool
    not_before: datetime | None = Field(description="Tokens issued earlier are refused")
    roles: list[RoleAtOut]

    @classmethod
    def of(cls, staff: Staff, roles: Sequence[tuple[str, str]]) -> Self:
        """Describe a row with the roles held now."""
        return cls(
            id=staff.id,
            no=staff.no,
            branch_id=staff.branch_id,
            active=staff.active,
            not_before=staff.not_before,
            roles=[RoleAtOut(role=role, branch_code=code) for role, code in roles],
        )


class CoverOut(OutModel):
    """Who stands in for whom, and until when."""

    id: DelegationId
    staff_id: StaffId
    deputy_id: StaffId
    valid_from: datetime
    valid_to: datetime
    reason: str


class StaffDetailOut(StaffOut):
    """A member of staff with cover that runs or is to come."""

    covers: list[CoverOut]

    @classmethod
    def with_covers(cls, staff: Staff, roles: Sequence[tuple[str, str]], covers: Sequence[StaffDelegation]) -> Self:
        """Describe a row with roles and cover."""
        shown = [CoverOut.model_validate(cover) for cover in covers]
        return cls(**StaffOut.of(staff, roles).model_dump(), covers=shown)


class StaffIn(StrictModel):
    """Somebody who joins: known by the subject of the bank's tokens, and without any role at first."""

    no: Code = Field(examples=["S00042"])
    branch_code: Code = Field(examples=["310001"])
    name: Annotated[str, OneLine(80)] = Field(examples=["李四光"])
    phone: Annotated[str, OneLine(30)] | None = Field(default=None, description="Office phone")
    subject: Annotated[str, Field(pattern=r"^[!-~]{1,255}$")] | None = Field(
        default=None, description="The `sub` of this person's tokens; the public id when absent"
    )
    certificate_type: CertificateType = Field(default=CertificateType.ID_CARD, description="Of certificate_no")
    certificate_no: Annotated[str, OneLine(40)] | None = Field(
        default=None,
        description="Kept as keyed hashes only: tells second accounts of one person, and the person's own customer",
    )


class DisablingIn(StrictModel):
    """Why an account is closed."""

    reason: Reason = Field(examples=["left the bank on 30 November"])


class RevocationIn(StrictModel):
    """What nobody believes any more: one token, one session, or, without a name, all issued until now."""

    token_id: Annotated[str, Field(pattern=r"^[!-~]{1,255}$")] | None = Field(
        default=None, description="The `jti` of a token or the `sid` of a session"
    )
    reason: Reason = Field(examples=["device reported stolen"])


class RoleAtIn(StrictModel):
    """A role at a node of the organisation."""

    role: Code = Field(examples=["manager"])
    branch_code: Code = Field(examples=["310001"])


class RolesIn(StrictModel):
    """All roles that somebody shall have; what is not named ends."""

    roles: Annotated[list[RoleAtIn], Field(max_length=20)] = Field(
        examples=[[{"role": "lobby", "branch_code": "310001"}]]
    )
    reason: Reason = Field(examples=["moved to the lobby"])


class CoverIn(StrictModel):
    """Who stands in, from when to when: 30 days at most."""

    deputy_id: StaffId
    valid_from: Instant = Field(examples=["2026-12-01T00:00:00+08:00"])
    valid_to: Instant = Field(examples=["2026-12-15T00:00:00+08:00"])
    reason: Reason = Field(examples=["annual leave"])

    @model_validator(mode="after")
    def _is_a_short_time(self) -> Self:
        if self.valid_to <= self.valid_from:
            raise invalid_input("range", "结束须晚于开始", "must not begin after its end")
        if self.valid_to - self.valid_from > LONGEST_DELEGATION:
            raise invalid_input("too_long_cover", "代管最长 30 天", "cover lasts 30 days at most")
        return self


class GrantIn(StrictModel):
    """One grant: what may be done, to whose data, and within which limits."""

    verb: Verb
    domain: Domain
    data: DataScope
    limit: Cny | None = Field(default=None, description="Cost of one command in CNY")
    per_day: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(default=None, description="Commands of a day")
    row_limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(default=None, description="Rows of one answer")


class GrantsIn(StrictModel):
    """All grants that a role shall have; what is not named is taken away."""

    role: Code = Field(examples=["branch_deputy"])
    grants: Annotated[list[GrantIn], Field(max_length=200)] = Field(
        examples=[[{"verb": "read", "domain": "tags", "data": "subtree"}]]
    )
    reason: Reason = Field(examples=["a deputy for each branch head"])

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        if len({(grant.verb, grant.domain) for grant in self.grants}) < len(self.grants):
            raise invalid_input("duplicate_item", "同一项不能重复", "must not name an item twice")
        return self


class GrantOut(OutModel):
    """One grant of a role."""

    verb: Verb
    domain: Domain
    data: DataScope
    limit: Cny | None
    per_day: int | None
    row_limit: int | None

    @classmethod
    def of(cls, row: RoleGrant) -> Self:
        """Describe a row."""
        return cls(
            verb=Verb(row.verb),
            domain=Domain(row.domain),
            data=DataScope(row.data),
            limit=row.limit_fen,
            per_day=row.per_day,
            row_limit=row.row_limit,
        )


class RoleOut(OutModel):
    """A role with its grants."""

    role: str
    grants: list[GrantOut]


class RolesOut(OutModel):
    """All roles, by name."""

    items: list[RoleOut]


class SpecialDayIn(StrictModel):
    """A day that is not what its weekday says."""

    day: Day = Field(examples=["2026-10-01"])
    works: bool = Field(description="false: a holiday; true: a weekend day that is worked", examples=[False])
    name_zh: Annotated[str, OneLine(40)] = Field(examples=["国庆节"])
    name_en: Annotated[str, OneLine(40)] = Field(examples=["National Day"])

    def special(self) -> SpecialDay:
        """Return the command's day."""
        return SpecialDay(self.day, self.works, self.name_zh, self.name_en)


class BankCalendarIn(StrictModel):
    """All special days of a year."""

    days: list[SpecialDayIn] = Field(max_length=MOST_SPECIAL_DAYS, examples=[[]])

    @model_validator(mode="after")
    def _each_day_once(self) -> Self:
        if len({day.day for day in self.days}) != len(self.days):
            raise invalid_input("duplicate_item", "同一日期不能重复", "must not name a day twice")
        return self


class SpecialDayOut(OutModel):
    """A day that is not what its weekday says."""

    day: date
    works: bool = Field(description="false: a holiday; true: a weekend day that is worked")
    name_zh: str
    name_en: str


class BankCalendarOut(OutModel):
    """Which days of a year the bank works: Monday to Friday, but for these."""

    year: int
    revision: int = Field(description="Counts every change; the ETag")
    days: list[SpecialDayOut] = Field(description="In order")

    @classmethod
    def of(cls, row: CalendarYear) -> "BankCalendarOut":
        """Describe a year."""
        return cls(year=row.year, revision=row.revision, days=[SpecialDayOut.model_validate(day) for day in row.days])


class OrganisationRejectOut(OutModel):
    """A refused row: where and why, never its content."""

    row: int = Field(description="Line of the file; the header is line 1")
    code: str = Field(examples=["branch_unknown"])
    column: str | None


class OrganisationTakenOut(OutModel):
    """What became of a file of the organisation."""

    kind: OrganisationFile
    rows_read: int
    rows_rejected: int
    counts: dict[str, int] = Field(description="added, changed, left (accounts that ended), years (of holidays)")
    rejects: list[OrganisationRejectOut] = Field(description=f"The first {MOST_SHOWN_REJECTS} refused rows")
    dry_run: bool

    @classmethod
    def of(cls, taking: OrganisationTaking, *, dry_run: bool) -> "OrganisationTakenOut":
        """Describe it."""
        return cls(
            kind=taking.kind,
            rows_read=taking.rows_read,
            rows_rejected=len(taking.rejects),
            counts={name: count for name, count in sorted(taking.counts.items()) if count},
            rejects=[OrganisationRejectOut.model_validate(one) for one in taking.rejects[:MOST_SHOWN_REJECTS]],
            dry_run=dry_run,
        )
