"""A catalogue in one workbook: tried out, drafted, sent again; every fault with its cell."""

import io
from collections.abc import Sequence
from typing import Any

import httpx
from sqlmodel import select

from guibin.audit.models import AuditEntry
from guibin.core.workbook import MEDIA_TYPE, read_workbook, write_workbook
from guibin.rights.models import RightsItem
from support.shop import Shop
from support.tagging import add_tag

Cells = Sequence[str | int | None]
RIGHTS = ("code", "wallet", "fulfilment", "stock_mode", "category", "place", "labels", "minimum_tier", "on_sale_from")
PRICES = ("code", "tier", "points", "hours_from", "hours_to")
QUOTAS = ("code", "for", "tier", "period", "times")
TEXTS = ("code", "language", "name", "description")
LOUNGE = ("lounge", "service", "code", "codes", "travel", 3, "机场|贵宾", "T1", "2026-12-01 08:00")


def book(**sheets: Sequence[Cells]) -> dict[str, list[Cells]]:
    """Return the sheets of two good rights, and rows that are added to them."""
    texts = [(code, one, f"name {code}", "words") for code in ("lounge", "tea") for one in ("zh", "en")]
    good: dict[str, list[Cells]] = {
        "rights": [RIGHTS, LOUNGE, ("tea", "service", "hand_out", "counted", "social", None, None, None, None)],
        "prices": [PRICES, ("lounge", "T3", 80, "22:00", "06:00"), ("lounge", None, 100), ("tea", None, 5)],
        "quotas": [QUOTAS, ("lounge", None, "T2", "year", 4)],
        "texts": [TEXTS, *texts],
    }
    return {name: [*rows, *sheets.get(name, ())] for name, rows in good.items()}


async def send(
    client: httpx.AsyncClient, shop: Shop, sheets: dict[str, list[Cells]] | bytes, **query: Any
) -> httpx.Response:
    content = sheets if isinstance(sheets, bytes) else write_workbook(sheets)
    headers = shop.house.headers("rights_operator") | {"Content-Type": MEDIA_TYPE}
    return await client.post("/v1/rights/import", params=query, content=content, headers=headers)


def outcomes(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 200, answer.text
    return [(one["code"], one["outcome"]) for one in answer.json()["rights"]]


def faults(answer: httpx.Response) -> list[tuple[str, int, str | None, str | None, str]]:
    assert answer.status_code == 200, answer.text
    return [
        (one["sheet"], one["row"], one["column"], one["right_code"], one["code"]) for one in answer.json()["faults"]
    ]


async def stored(shop: Shop) -> dict[str, RightsItem]:
    async with shop.house.sessions() as session:
        return {item.code: item for item in (await session.exec(select(RightsItem))).all()}


async def test_a_catalogue_is_tried_out_drafted_and_changed_by_sending_it_again(
    bank_client: httpx.AsyncClient, shop: Shop
) -> None:
    tried = await send(bank_client, shop, book(), dry_run=True)
    nothing = await stored(shop)
    first = await send(bank_client, shop, book())
    again = await send(bank_client, shop, book())
    changed = await send(bank_client, shop, book(prices=[("tea", None, 4, "14:00", "17:00")]))
    rights = await stored(shop)

    assert (outcomes(tried), nothing) == ([("lounge", "created"), ("tea", "created")], {})
    assert {one["right_id"] for one in tried.json()["rights"]} == {None}
    assert outcomes(first) == outcomes(tried)
    assert outcomes(again) == [("lounge", "unchanged"), ("tea", "unchanged")]
    assert outcomes(changed) == [("lounge", "unchanged"), ("tea", "changed")]
    lounge = rights["lounge"]
    assert (lounge.state, lounge.revision, lounge.place, lounge.labels) == ("draft", 1, 3, ["机场", "贵宾"])
    assert lounge.draft_terms == {
        "minimum_tier": "T1",
        "prices": [
            {"tier": "T3", "points": 80, "hours": {"from": "22:00", "to": "06:00"}},
            {"tier": None, "points": 100},
        ],
        "quotas": [{"tier": "T2", "period": "year", "times": 4}],
        "limit": None,
        "on_sale_from": "2026-12-01T00:00:00+00:00",
        "on_sale_to": None,
    }
    assert rights["tea"].draft_terms is not None
    assert rights["tea"].revision == 2
    async with shop.house.sessions() as session:
        told = (await session.exec(select(AuditEntry.facts).where(AuditEntry.action == "right.import"))).all()
    assert {"created": [], "changed": ["tea"]} in told


async def test_each_fault_tells_its_cell_and_refuses_only_its_right(bank_client: httpx.AsyncClient, shop: Shop) -> None:
    spoilt = book(
        rights=[
            ("bare", "service", "hand_out", "counted", "social"),
            ("twin", "gold", "code", "counted", "travel"),
            ("tea", "service"),
            ("no code!",),
        ],
        prices=[("bare", None, "many"), ("twin", "T9", 1), ("twin", None, -1), ("ghost", None, 1)],
        quotas=[("bare", "everybody", "T1", "year", 1)],
        texts=[("twin", "fr", "n", "d")],
    )

    answer = await send(bank_client, shop, spoilt)
    rights = await stored(shop)

    assert outcomes(answer) == [("lounge", "created"), ("tea", "refused"), ("bare", "refused"), ("twin", "refused")]
    assert faults(answer) == [
        ("prices", 5, "points", "bare", "integer"),
        ("prices", 8, "code", "ghost", "code_unknown"),
        ("quotas", 3, "for", "bare", "not_allowed_value"),
        ("rights", 6, "code", "tea", "duplicate_item"),
        ("rights", 7, "code", None, "pattern"),
        ("texts", 6, "language", "twin", "pattern"),
    ]
    assert set(rights) == {"lounge"}


async def test_a_sensitive_tag_is_for_those_to_build_on_who_see_it(bank_client: httpx.AsyncClient, shop: Shop) -> None:
    async with shop.house.sessions() as session:
        await add_tag(session, "ill", kind="manual", state="published", sensitivity="sensitive")
        await add_tag(session, "golfer", kind="manual", state="published")
        await session.commit()
    sheets = book()
    sheets["rights"] = [
        (*row, name) for row, name in zip(sheets["rights"], ("eligible_tags", "ill", "golfer"), strict=True)
    ]
    answer = await send(bank_client, shop, sheets)
    assert faults(answer) == [("rights", 2, "eligible_tags", "lounge", "sensitive_tag")]
    assert set(await stored(shop)) == {"tea"}


async def test_what_a_right_may_not_be_is_told_at_its_cell(bank_client: httpx.AsyncClient, shop: Shop) -> None:
    texts = [("twin", one, "n", "d") for one in ("zh", "en")]
    names = book(rights=[("twin", "gold", "hand_out", "counted", "travel")], prices=[("twin", "T9", 1)], texts=texts)
    values = book(rights=[("twin", "service", "code", "counted", "travel", -1)], prices=[("twin", None, -1)])

    unknown = await send(bank_client, shop, names, dry_run=True)
    wrong = await send(bank_client, shop, values, dry_run=True)
    await send(bank_client, shop, book())
    other = book()
    other["rights"][1] = ("lounge", "reward", *LOUNGE[2:])
    fixed = await send(bank_client, shop, other)

    assert faults(unknown) == [
        ("prices", 5, "tier", "twin", "unknown_tier"),
        ("rights", 4, "wallet", "twin", "unknown_wallet"),
    ]
    assert faults(wrong) == [
        ("prices", 5, "points", "twin", "too_small"),
        ("rights", 4, "place", "twin", "too_small"),
        *[("texts", 4, column, "twin", "missing") for column in ("description", "description", "name", "name")],
    ]
    assert faults(fixed) == [("rights", 2, "wallet", "lounge", "fixed")]
    assert outcomes(fixed) == [("lounge", "refused"), ("tea", "unchanged")]


async def test_what_was_exported_changes_nothing_when_it_comes_in_again(
    bank_client: httpx.AsyncClient, shop: Shop
) -> None:
    headers = shop.house.headers("rights_operator")
    await shop.right(
        code="spa",
        offer={
            "companions": {
                "most": [{"tier": "T3", "guests": 2}],
                "points": None,
                "quotas": [{"tier": "T3", "period": "year", "times": 1}],
            },
            "visibility": {"tiers": ["T1", "T3"], "from": "2026-10-01T00:00:00+00:00"},
            "unit_cost": "12.50",
        },
    )
    await send(bank_client, shop, book())
    template = await bank_client.get("/v1/rights/import/template", headers=headers)
    exported = await bank_client.get("/v1/rights/import/catalogue", headers=headers)
    again = await send(bank_client, shop, exported.content)

    assert (template.headers["content-type"], exported.headers["content-type"]) == (MEDIA_TYPE, MEDIA_TYPE)
    assert list(read_workbook(io.BytesIO(template.content))) == ["rights", "prices", "quotas", "texts", "readme"]
    assert (set(outcomes(again)), faults(again)) == (
        {("spa", "unchanged"), ("lounge", "unchanged"), ("tea", "unchanged")},
        [],
    )


async def test_a_file_that_is_no_catalogue_is_refused_as_a_whole(bank_client: httpx.AsyncClient, shop: Shop) -> None:
    contents = (
        b"code,wallet\n",
        write_workbook({"rights": [RIGHTS]}),
        write_workbook(book() | {"rights": [("code", "colour")]}),
        write_workbook(book(rights=[(f"r{number}",) for number in range(1_000)])),
        b"PK" + b"\0" * 4 * 1024 * 1024,
    )

    answers = [await send(bank_client, shop, content) for content in contents]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (422, "workbook_unreadable"),
        (422, "workbook_sheets"),
        (422, "workbook_columns"),
        (422, "too_many_rights"),
        (413, "workbook_too_large"),
    ]
