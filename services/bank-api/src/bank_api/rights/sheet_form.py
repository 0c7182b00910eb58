"""The form of a catalogue in one workbook: its sheets, their columns, where each value stands in a right, and back.

`rights` has a row for each right, the other sheets as many as it needs, joined by its code. Lists are written
`T1|T2`, guests `T3=1|T5=2`, instants with an offset or in the bank's own time. A cell that is empty is not set.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from guibin.core.clock import BUSINESS_ZONE
from guibin.rights.models import RightsItem

Path = tuple[str | int, ...]
README: Final = "readme"
REST: Final = "*"
"""In a path: what has no column of its own."""


class Malformed(ValueError):  # noqa: N818 - the fault of a cell, told and never raised to a caller
    """A cell that cannot be read; its text is the type of the fault."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: where its value stands in a right (below `within` in a list), how it is read, whose name it holds."""

    path: Path
    read: Callable[[str], Any]
    words: tuple[str, str]
    names: str | None = None


def _text(cell: str) -> str:
    return cell


def _integer(cell: str) -> int:
    if not cell.removeprefix("-").isdecimal() or not cell.isascii():
        raise Malformed("integer")
    return int(cell)


def _truth(cell: str) -> bool:
    found = {"true": True, "1": True, "是": True, "false": False, "0": False, "否": False}.get(cell.lower())
    if found is None:
        raise Malformed("boolean")
    return found


def _list(cell: str) -> list[str]:
    return [part.strip() for part in cell.split("|")]


def _integers(cell: str) -> list[int]:
    return [_integer(part) for part in _list(cell)]


def _guests(cell: str) -> list[dict[str, Any]]:
    pairs = [part.partition("=") for part in _list(cell)]
    return [{"tier": tier.strip(), "guests": _integer(guests.strip())} for tier, _, guests in pairs]


def _object(cell: str) -> dict[str, Any]:
    try:
        found = json.loads(cell)
    except ValueError:
        raise Malformed("object") from None
    if not isinstance(found, dict):
        raise Malformed("object")
    return found


_FIRST_SERIAL: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - day 0 of a spreadsheet has no zone
_MOST_SERIAL: Final = 200_000
_SECONDS: Final = 86_400


def _serial(cell: str, kind: str) -> datetime:
    try:
        days = float(cell)
    except ValueError:
        raise Malformed(kind) from None
    if not 1 <= days < _MOST_SERIAL:
        raise Malformed(kind)
    return _FIRST_SERIAL + timedelta(seconds=round(days * _SECONDS))


def _day(cell: str) -> str:
    try:
        return date.fromisoformat(cell).isoformat() if "-" in cell else _serial(cell, "date").date().isoformat()
    except ValueError:
        raise Malformed("date") from None


def _instant(cell: str) -> str:
    try:
        found = datetime.fromisoformat(cell) if "-" in cell else _serial(cell, "instant")
    except ValueError:
        raise Malformed("instant") from None
    return (found if found.tzinfo else found.replace(tzinfo=BUSINESS_ZONE)).isoformat()


RIGHTS: Final[Mapping[str, Column]] = {
    "code": Column(("code",), _text, ("权益代码，导入后不变", "Code of the right, for good")),
    "wallet": Column(("wallet",), _text, ("支付的积分类别，导入后不变", "Wallet that pays, for good"), "wallet"),
    "fulfilment": Column(("fulfilment",), _text, ("履约方式，导入后不变", "How it is delivered, for good")),
    "stock_mode": Column(("stock_mode",), _text, ("库存方式，导入后不变", "Kind of stock, for good")),
    "category": Column(("category",), _text, ("类别", "Category")),
    "brand": Column(("brand",), _text, ("品牌", "Brand")),
    "labels": Column(("labels",), _list, ("标签，以 | 分隔", "Labels, parted by |")),
    "featured": Column(("featured",), _truth, ("是否推荐 true/false", "Put in front: true or false")),
    "place": Column(("place",), _integer, ("排序，小者在前", "Place among others, the lowest first")),
    "tax_kind": Column(("tax_kind",), _text, ("个人所得税类型", "Kind for the customer's income tax")),
    "minimum_tier": Column(("terms", "minimum_tier"), _text, ("最低等级", "Lowest tier"), "tier"),
    "limit_times": Column(("terms", "limit", "times"), _integer, ("每人限领数量", "Most units of one customer")),
    "limit_period": Column(("terms", "limit", "period"), _text, ("限领周期", "In which period")),
    "total_limit": Column(("terms", "total_limit"), _integer, ("全部客户限量", "Most units for everybody")),
    "step_up_points": Column(
        ("terms", "step_up_points"), _integer, ("加强验证起点积分", "Step-up from so many points")
    ),
    "cancel_hours": Column(("terms", "cancel_hours"), _integer, ("可取消小时数", "Hours in which it can be cancelled")),
    "code_days": Column(("terms", "code_days"), _integer, ("券码有效天数", "Days for which codes are good")),
    "code_last_day": Column(("terms", "code_last_day"), _day, ("券码最后一天", "Last day of its codes")),
    "beneficiary": Column(("terms", "beneficiary"), _text, ("可否他人使用", "Whether somebody else may be served")),
    "owner_branch": Column(("terms", "owner_branch"), _text, ("所属机构代码", "Code of the owning branch"), "branch"),
    "budget_line": Column(("terms", "budget_line"), _text, ("预算条线", "Line of the budget that pays")),
    "unit_cost": Column(("terms", "unit_cost"), _text, ("单位成本（元）", "Cost of a unit in CNY")),
    "on_sale_from": Column(("terms", "on_sale_from"), _instant, ("上架时间", "On sale from")),
    "on_sale_to": Column(("terms", "on_sale_to"), _instant, ("下架时间", "On sale until before")),
    "visible_tiers": Column(("terms", "visibility", "tiers"), _list, ("可见等级", "Tiers that see it"), "tier"),
    "visible_tags": Column(("terms", "visibility", "tags"), _list, ("可见标签", "Tags that see it"), "tag"),
    "visible_branches": Column(
        ("terms", "visibility", "branches"), _list, ("可见机构", "Branches that see it"), "branch"
    ),
    "visible_from": Column(("terms", "visibility", "from"), _instant, ("可见起", "Seen from")),
    "visible_to": Column(("terms", "visibility", "to"), _instant, ("可见止", "Seen until before")),
    "eligible_tiers": Column(("terms", "eligibility", "tiers"), _list, ("可领等级", "Tiers that may have it"), "tier"),
    "eligible_tags": Column(("terms", "eligibility", "tags"), _list, ("可领标签", "Tags that may have it"), "tag"),
    "eligible_from": Column(("terms", "eligibility", "from"), _instant, ("可领起", "May be had from")),
    "eligible_to": Column(("terms", "eligibility", "to"), _instant, ("可领止", "May be had until before")),
    "guests": Column(("terms", "companions", "most"), _guests, ("随行人数 T3=1|T5=2", "Guests by tier: T3=1|T5=2")),
    "guest_points": Column(("terms", "companions", "points"), _integer, ("随行积分价", "Points for a guest")),
    "other_terms": Column(("terms", REST), _object, ("其他条款（JSON）", "All other terms, as JSON")),
}
_COLUMNED: Final = {
    "prices",
    "quotas",
    *(str(column.path[1]) for column in RIGHTS.values() if column.path[:1] == ("terms",)),
}
_OF_RIGHT: Final = Column((), _text, ("权益代码", "Code of the right"))
PRICES: Final[Mapping[str, Column]] = {
    "code": _OF_RIGHT,
    "tier": Column(("tier",), _text, ("等级，空为全部", "Tier; everybody where empty"), "tier"),
    "points": Column(("points",), _integer, ("积分", "Points")),
    "money": Column(("money",), _text, ("另付现金（元）", "CNY to be paid beside the points")),
    "tag": Column(("tag",), _text, ("标签", "Only with this tag"), "tag"),
    "class_of_service": Column(("class_of_service",), _text, ("服务档次", "Only for this class")),
    "wallet": Column(("wallet",), _text, ("积分类别", "Paid from this wallet"), "wallet"),
    "weekdays": Column(("weekdays",), _integers, ("星期 1|7，1 为周一", "Days of the week: 1 is Monday")),
    "hours_from": Column(("hours", "from"), _text, ("时段起 HH:MM", "From this hour")),
    "hours_to": Column(("hours", "to"), _text, ("时段止 HH:MM", "Until before this hour")),
    "first_day": Column(("first_day",), _day, ("首日", "First day")),
    "last_day": Column(("last_day",), _day, ("末日", "Last day")),
}
QUOTAS: Final[Mapping[str, Column]] = {
    "code": _OF_RIGHT,
    "for": Column((), _text, ("customer 或 guests", "customer, or guests")),
    "tier": Column(("tier",), _text, ("等级", "Tier"), "tier"),
    "period": Column(("period",), _text, ("周期", "Period")),
    "times": Column(("times",), _integer, ("次数", "How many are free")),
}
TEXTS: Final[Mapping[str, Column]] = {
    "code": _OF_RIGHT,
    "language": Column((), _text, ("zh 或 en", "zh, or en")),
    "name": Column(("name",), _text, ("名称", "Name")),
    "description": Column(("description",), _text, ("说明", "Description")),
}
SHEETS: Final[Mapping[str, Mapping[str, Column]]] = {
    "rights": RIGHTS,
    "prices": PRICES,
    "quotas": QUOTAS,
    "texts": TEXTS,
}
LANGUAGES: Final = ("zh", "en")
CUSTOMER: Final = "customer"
GUESTS: Final = "guests"

Cells = Sequence[str | int | None]


def template() -> dict[str, list[Cells]]:
    """Return the empty sheets, and one that tells what each column holds."""
    readme: list[Cells] = [("sheet", "column", "内容", "content")]
    readme += [(sheet, name, *column.words) for sheet, columns in SHEETS.items() for name, column in columns.items()]
    return {**{sheet: [tuple(columns)] for sheet, columns in SHEETS.items()}, README: readme}


def written(rights: Sequence[tuple[RightsItem, Mapping[str, object]]]) -> dict[str, list[Cells]]:
    """Return a catalogue in this form, each right with some of its terms."""
    sheets = template()
    for item, terms in rights:
        rest = {name: value for name, value in terms.items() if name not in _COLUMNED and value is not None}
        whole = {**item.model_dump(), "terms": {**terms, REST: rest or None}}
        sheets["rights"].append(_row(RIGHTS, whole))
        for sheet, columns, lines in _lines(item, terms):
            sheets[sheet] += [[item.code, *_row(columns, line)[1:]] for line in lines]
    return sheets


def _lines(
    item: RightsItem, terms: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Column], Sequence[Mapping[str, Any]]]]:
    guests = (terms.get("companions") or {}).get("quotas", ())
    quotas = [{**quota, "for": CUSTOMER} for quota in terms.get("quotas", ())]
    quotas += [{**quota, "for": GUESTS} for quota in guests]
    yield "prices", PRICES, list(terms.get("prices", ()))
    yield "quotas", {**QUOTAS, "for": Column(("for",), _text, ("", ""))}, quotas
    texts = [
        {"language": one, "name": getattr(item, f"name_{one}"), "description": getattr(item, f"description_{one}")}
        for one in LANGUAGES
    ]
    yield "texts", {**TEXTS, "language": Column(("language",), _text, ("", ""))}, texts


def _row(columns: Mapping[str, Column], whole: Mapping[str, Any]) -> list[str | int | None]:
    return [_cell(_at(whole, column.path)) if column.path else None for column in columns.values()]


def _at(whole: Any, path: Path) -> Any:
    for part in path:
        whole = whole.get(part) if isinstance(whole, Mapping) else None
    return whole


def _cell(value: Any) -> str | int | None:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "|".join(f"{one['tier']}={one['guests']}" if isinstance(one, dict) else str(one) for one in value)
    return value if value is None or isinstance(value, int) else str(value)
