"""What the customer is told of who looked: words for roles and purposes, no names."""

from datetime import datetime
from typing import Final, Self

from pydantic import Field

from guibin.audit.repository import Access
from guibin.core.ids import AuditId
from guibin.web import OutModel

Words = tuple[str, str]

ROLES: Final[dict[str, Words]] = {
    "manager": ("客户经理", "Relationship manager"),
    "branch_head": ("网点负责人", "Head of branch"),
    "lobby": ("大堂经理", "Lobby manager"),
    "customer_service": ("客户服务", "Customer service"),
    "hq_operator": ("总行运营", "Head office operations"),
    "hq_approver": ("总行审批", "Head office approval"),
    "rights_operator": ("权益运营", "Benefits operations"),
    "rights_approver": ("权益审批", "Benefits approval"),
    "administrator": ("系统管理", "System administration"),
}
STAFF: Final[Words] = ("银行工作人员", "Bank staff")
SYSTEM: Final[Words] = ("合作系统", "A connected system")

DOINGS: Final[dict[str, Words]] = {
    "read": ("查看", "Viewed"),
    "write": ("办理", "Worked on"),
    "submit": ("提交申请", "Submitted a request on"),
    "approve": ("审批", "Decided on"),
    "reveal": ("查看一项完整的", "Viewed one value in full of"),
    "export": ("导出", "Exported"),
}
SUBJECTS: Final[dict[str, Words]] = {
    "customers": ("客户资料", "your profile"),
    "holdings": ("资产与负债", "your assets and liabilities"),
    "tags": ("客户标签", "your tags"),
    "tiers": ("客户层级", "your tier"),
    "managers": ("管户关系", "who serves you"),
    "points": ("积分", "your points"),
    "rights": ("权益与兑换", "your benefits and redemptions"),
    "privacy": ("个人信息请求", "your data requests"),
    "exports": ("名单数据", "a list with you on it"),
}
SERVICE: Final[Words] = ("业务办理", "A service for you")


class AccessOut(OutModel):
    """One look at my data."""

    id: AuditId
    at: datetime
    who: str = Field(description="The role, never a person", examples=["客户经理"])
    branch: str | None = Field(description="Where that person works", examples=["徐汇支行"])
    purpose: str = Field(description="What it was for", examples=["查看资产与负债"])

    @classmethod
    def of(cls, row: Access, language: str) -> Self:
        """Put a row into the customer's words."""
        english = language == "en"
        return cls(
            id=row.id,
            at=row.at,
            who=_who(row)[english],
            branch=row.branch_en if english else row.branch_zh,
            purpose=purpose_of(row.permission, english=english),
        )


def purpose_of(permission: str, *, english: bool) -> str:
    """Say what a permission serves, such as `read holdings`."""
    verb, _, domain = permission.partition(" or ")[0].partition(" ")
    if verb not in DOINGS or domain not in SUBJECTS:
        return SERVICE[english]
    return f"{DOINGS[verb][english]}{' ' if english else ''}{SUBJECTS[domain][english]}"


def _who(row: Access) -> Words:
    if row.actor_kind != "staff":
        return SYSTEM
    return next((ROLES[role] for role in row.roles.split(",") if role in ROLES), STAFF)
