"""The categories of tags and the starter pack, published as version 1, which a bank then edits."""

from collections.abc import Iterator
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.seeding import add_missing
from guibin.tags.models import Tag, TagAxis, TagCategory, TagState, TagVersion
from guibin.tags.starter import STARTER_TAGS
from guibin.tags.vocabulary import CustomerKind

AXES: Final = {
    TagAxis.ASSET_STRUCTURE: ("资产结构", "Asset structure"),
    TagAxis.SOURCE: ("客户来源", "Source"),
    TagAxis.LIABILITIES: ("负债情况", "Liabilities"),
    TagAxis.PRODUCTS_HELD: ("持有产品", "Products held"),
    TagAxis.TRANSACTIONS: ("交易行为", "Transactions"),
    TagAxis.SERVICE: ("服务", "Service"),
}
KINDS: Final = {
    CustomerKind.CREDIT: ("信贷客户", "Borrowers"),
    CustomerKind.CORPORATE: ("企业客户", "Companies"),
    CustomerKind.PERSONAL: ("个人客户", "Persons"),
    CustomerKind.SOCIAL_SECURITY: ("社保客户", "Social security"),
    CustomerKind.COLLECTION_PAYMENT: ("代收代付客户", "Collection and payment"),
}


def categories() -> Iterator[dict[str, object]]:
    """Yield the axes as roots, and below each of the five axes of tagging the five kinds of customers."""
    for axis, (name_zh, name_en) in AXES.items():
        yield {"code": axis, "parent_code": None, "axis": axis, "name_zh": name_zh, "name_en": name_en}
    for axis, (axis_zh, axis_en) in AXES.items():
        for kind, (kind_zh, kind_en) in KINDS.items():
            if axis is not TagAxis.SERVICE:
                names = {"name_zh": f"{axis_zh}·{kind_zh}", "name_en": f"{axis_en}: {kind_en.lower()}"}
                yield {"code": f"{axis}.{kind}", "parent_code": axis, "axis": axis, **names}


async def seed(session: AsyncSession) -> int:
    """Add the categories and starter tags that are missing; what a bank has changed stays. Returns the rows added."""
    now = clock.now()
    tags = [
        {
            "code": tag.code,
            "kind": tag.kind,
            "axis": tag.axis,
            "state": TagState.PUBLISHED,
            "name_zh": tag.name_zh,
            "name_en": tag.name_en,
            "description": tag.description,
            "category_code": tag.category,
            "published_version": 1,
            "live_since": clock.today(),
            "revision": 1,
            "created_at": now,
        }
        for tag in STARTER_TAGS
    ]
    versions = [{"tag_code": tag.code, "version": 1, "rule": tag.rule, "published_at": now} for tag in STARTER_TAGS]
    shelves = await add_missing(session, TagCategory, list(categories()))
    return shelves + await add_missing(session, Tag, tags) + await add_missing(session, TagVersion, versions)
