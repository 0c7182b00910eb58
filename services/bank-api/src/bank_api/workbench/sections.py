"""The parts of a manager's day: what each shows, in which order, and what is to be done with it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from guibin.security.actors import Domain


class Section(StrEnum):
    """The parts, the most urgent before the others."""

    COMPLAINTS = "complaints"
    PROMISES = "promises"
    CONTACT_REQUESTS = "contact_requests"
    HANDOVERS = "handovers"
    BELOW_CADENCE = "below_cadence"
    TASKS_OVERDUE = "tasks_overdue"
    TASKS_DUE = "tasks_due"
    OPPORTUNITIES = "opportunities"
    POOL_NOTICES = "pool_notices"
    MATURITIES = "maturities"
    BIRTHDAYS = "birthdays"
    TIER_SIGNALS = "tier_signals"
    NEW_CUSTOMERS = "new_customers"
    POINTS_EXPIRING = "points_expiring"
    RIGHTS_UNUSED = "rights_unused"
    NEEDS = "needs"
    ACCOMPANIED = "accompanied"
    WAITING_TOO_LONG = "waiting_too_long"
    NOBODYS = "nobodys"
    BRANCH_COMPLAINTS = "branch_complaints"
    BRANCH_PROMISES = "branch_promises"


LEADING: Final = frozenset(
    {Section.WAITING_TOO_LONG, Section.NOBODYS, Section.BRANCH_COMPLAINTS, Section.BRANCH_PROMISES}
)
"""Parts of who leads a branch: what is nobody's, and what is late in the books of others."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a part is called, what to do, of which domain it tells, and the prefix of what it is about."""

    zh: str
    en: str
    do_zh: str
    do_en: str
    domain: Domain
    prefix: str | None


PARTS: Final[dict[Section, Part]] = {
    Section.COMPLAINTS: Part(
        *("未结投诉", "Open complaints", "按时答复并给出处理结果", "Answer and resolve in time"),
        *(Domain.CARE, "cmp"),
    ),
    Section.PROMISES: Part(
        *("到期承诺", "Promises due", "兑现承诺，或与客户另行约定", "Keep the promise or agree on another day"),
        *(Domain.CARE, "prm"),
    ),
    Section.CONTACT_REQUESTS: Part(
        *("客户请求联系", "Requests for contact", "尽快回电", "Call back soon"),
        *(Domain.CARE, "ctk"),
    ),
    Section.HANDOVERS: Part(
        *("待签交接", "Handovers to sign", "核对清单并签字", "Go through the list and sign"),
        *(Domain.MANAGERS, "hnd"),
    ),
    Section.BELOW_CADENCE: Part(
        *(
            "低于维护频次",
            "Below the cadence",
            "本期计划触达已逾期，请联系客户",
            "A planned touch is overdue: get in touch",
        ),
        *(Domain.CARE, None),
    ),
    Section.TASKS_OVERDUE: Part(
        *("逾期任务", "Overdue tasks", "完成任务，或注明原因后跳过", "Do it, or skip it with the reason"),
        *(Domain.CARE, "ctk"),
    ),
    Section.TASKS_DUE: Part(
        *("近期任务", "Tasks due", "按计划触达", "Get in touch as planned"),
        *(Domain.CARE, "ctk"),
    ),
    Section.OPPORTUNITIES: Part(
        *("到期商机", "Opportunities due", "跟进商机，并登记结果", "Follow up, and say what came of it"),
        *(Domain.CARE, "opp"),
    ),
    Section.POOL_NOTICES: Part(
        *("即将回收的客户", "About to go back to the pool", "联系客户，否则到期回收", "Get in touch in time"),
        *(Domain.MANAGERS, None),
    ),
    Section.MATURITIES: Part(
        *("即将到期产品", "Maturities ahead", "询问到期资金安排", "Ask what is planned with the money"),
        *(Domain.HOLDINGS, "hld"),
    ),
    Section.BIRTHDAYS: Part(
        *("近期生日", "Birthdays", "送上生日祝福", "Congratulate"),
        *(Domain.CUSTOMERS, None),
    ),
    Section.TIER_SIGNALS: Part(
        *("层级预警", "Tiers at risk", "说明保级条件", "Explain what keeps the tier"),
        *(Domain.TIERS, None),
    ),
    Section.NEW_CUSTOMERS: Part(
        *("新接客户", "New customers", "自我介绍", "Introduce yourself"),
        *(Domain.MANAGERS, None),
    ),
    Section.POINTS_EXPIRING: Part(
        *("即将到期积分", "Points about to expire", "提醒客户使用", "Remind the customer to use them"),
        *(Domain.POINTS, None),
    ),
    Section.RIGHTS_UNUSED: Part(
        *("未使用权益", "Rights not used yet", "提醒客户在有效期内使用", "Remind the customer to use it in time"),
        *(Domain.RIGHTS, "rdm"),
    ),
    Section.NEEDS: Part(
        *("待满足需求", "Needs to serve", "寻找合适的权益或资源", "Look for a right or a way that serves it"),
        *(Domain.CARE, "ned"),
    ),
    Section.ACCOMPANIED: Part(
        *(
            "交接陪同期客户",
            "Given away, still accompanied",
            "协助新任经理，回应客户询问",
            "Help who serves the customer now",
        ),
        *(Domain.MANAGERS, None),
    ),
    Section.WAITING_TOO_LONG: Part(
        *("久候未分配客户", "Waiting too long for a manager", "指定客户经理", "Assign a manager"),
        *(Domain.MANAGERS, None),
    ),
    Section.NOBODYS: Part(
        *("无人负责的事项", "Open and nobody's", "指定负责人", "Say who answers for it"),
        *(Domain.CARE, None),
    ),
    Section.BRANCH_COMPLAINTS: Part(
        *("机构逾期投诉", "Late complaints of the branch", "督促处理", "See to it that they are resolved"),
        *(Domain.CARE, "cmp"),
    ),
    Section.BRANCH_PROMISES: Part(
        *("机构逾期承诺", "Late promises of the branch", "督促兑现", "See to it that they are kept"),
        *(Domain.CARE, "prm"),
    ),
}
