"""The texts of consents, the kinds of restrictions and the periods of keeping with which a bank begins."""

from datetime import date
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.seeding import add_missing
from guibin.privacy.models import ConsentText, Purpose, RestrictionKind, RetentionPeriod
from guibin.privacy.rules import BASIS

PUBLISHED: Final = date(2026, 11, 1)

TEXTS: Final[dict[Purpose, tuple[str, str]]] = {
    Purpose.SERVICE: (
        "为向您提供客户经理服务、积分与权益，我行依据与您的服务合同处理您的身份、资产与交易信息。",
        (
            "To serve you with a manager, points and rights, the bank processes your identity, assets and transactions "
            "under the contract with you."
        ),
    ),
    Purpose.MARKETING: (
        "我同意我行通过此渠道向我发送产品与活动信息；可随时拒绝，不影响服务。",
        "I agree that the bank sends me offers by this channel; I may say no at any time, and the service stays.",
    ),
    Purpose.PROFILING: (
        "我同意我行根据我的资产、交易与行为自动分析，为我推荐产品与权益；撤回后目录与价格不变，仅不再个性化。",
        (
            "I agree that the bank analyses my assets, transactions and behaviour to recommend products and rights; "
            "without it catalogue and prices stay, they are only not chosen for me."
        ),
    ),
    Purpose.SUPPLIER: (
        "我同意我行为履行我兑换的权益，将必要的姓名、手机号提供给该权益的供应商。",
        "I agree that the bank passes my name and phone to the supplier of a right that I redeem, as far as needed.",
    ),
    Purpose.FAMILY: (
        "我同意我行将我与家庭成员的关系用于家庭权益与服务。",
        "I agree that the bank uses my family relations for rights and services of the household.",
    ),
    Purpose.POOLING: (
        "我同意与已同意的家庭成员共享我的积分，由户主指定的成员兑换时使用；可随时撤回，撤回后立即不再使用。",
        (
            "I agree that members of my household whom its head names spend my points on rights; I may say no at any "
            "time, and from then on none is taken."
        ),
    ),
    Purpose.EXTERNAL: (
        "我同意我行为完善服务向合法的外部机构查询并使用我的信息。",
        "I agree that the bank obtains data about me from lawful outside sources to improve the service.",
    ),
    Purpose.SENSITIVE: (
        "我同意我行为向我提供合适的服务，单独处理我的敏感个人信息标签（如健康、信仰、未成年人、账户信息）；撤回后这些标签不再使用。",
        (
            "I agree separately that the bank keeps tags about me that are sensitive (health, faith, minors, accounts) "
            "to serve me fittingly; when I withdraw, they are no longer used."
        ),
    ),
}

EARN, REDEEM, MESSAGE, CALL = "earn", "redeem", "message", "call"
ASSIGN, LOGIN, SERVICE = "assign", "login", "service"
ACTS: Final = (EARN, REDEEM, MESSAGE, CALL, ASSIGN, LOGIN, SERVICE)
DECEASED: Final = "deceased"
"""The restriction with which heirs may claim points."""

RESTRICTIONS: Final[tuple[tuple[str, str, str, tuple[str, ...], bool], ...]] = (
    (DECEASED, "已故", "Deceased", ACTS, True),
    ("judicial_freeze", "司法冻结", "Judicial freeze", (REDEEM,), True),
    ("aml", "反洗钱限制", "Anti money laundering", (EARN, REDEEM, MESSAGE), True),
    ("minor", "未成年人", "Minor", (REDEEM, MESSAGE, CALL), False),
    ("staff", "本行员工", "Staff of the bank", (), False),
    ("senior", "六十五岁及以上", "65 and older", (), False),
    ("complaint", "投诉处理中", "Complaint in progress", (MESSAGE,), True),
    ("do_not_contact", "拒绝联系", "Do not contact", (MESSAGE, CALL, SERVICE), False),
)

PERIODS: Final[tuple[tuple[str, int, str], ...]] = (
    ("idempotency_body", 7, "an answer may be asked for again for seven days; the key stays for ever"),
    ("one_time_password", 1, "a code lives for five minutes"),
    ("session", 90, "an ended login is kept for questions about it"),
    ("rate_counter", 1, "the longest limit counts a day"),
    ("revoked_token", 1, "a token that has ended by itself needs no list"),
    ("subject_export", 1, "a copy lies ready for 24 hours"),
    ("outbox", 180, "receivers ask for what they missed within half a year"),
    ("beneficiary", 30, "questions about a service come within a month of its end"),
    ("supplier_callback", 180, "a call-back that comes again within half a year is known"),
    ("reservation", 90, "questions about what was held for somebody come within three months of its end"),
    ("delivery", 30, "questions about where something went come within a month of its end"),
    ("contact", 400, "what reached a customer is asked about within a year; caps look back a quarter"),
    ("profile", 1_096, "why somebody had a tag is asked within three years"),
    ("audit_archive", 365, "twelve months online, then three years in the archive"),
)


async def seed(session: AsyncSession) -> int:
    """Add what is missing; what a bank has changed stays. Returns the rows added."""
    texts = [
        {
            "purpose": purpose,
            "version": 1,
            "legal_basis": BASIS[purpose],
            "text_zh": zh,
            "text_en": en,
            "published_on": PUBLISHED,
        }
        for purpose, (zh, en) in TEXTS.items()
    ]
    kinds: list[dict[str, Any]] = [
        {"code": code, "name_zh": zh, "name_en": en, "keeps_data": keeps}
        | {f"blocks_{act}": act in acts for act in ACTS}
        for code, zh, en, acts, keeps in RESTRICTIONS
    ]
    periods = [{"subject": subject, "days": days, "reason": reason} for subject, days, reason in PERIODS]
    return (
        await add_missing(session, ConsentText, texts)
        + await add_missing(session, RestrictionKind, kinds)
        + await add_missing(session, RetentionPeriod, periods)
    )
