"""What the bank's own customer system says of identities, over HTTP: carried out once, or laid before people."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import IdentityPolicyVersion
from guibin.security.masking import mask_certificate
from support.house import House
from support.lines import CARDS, PARTIES, Lines, id_card, party

ONE, OTHER, THIRD = "6000048271", "6000096542", "6000000777"
OLD_CARD, NEW_CARD = id_card(1), id_card(2)


class System:
    """The bank's customer system, and what it can see of two customers that the lines told of."""

    def __init__(self, house: House, client: httpx.AsyncClient, ids: tuple[UUID, UUID]) -> None:
        self.house = house
        self.client = client
        self.one, self.other = (to_public("cus", one) for one in ids)

    async def send(self, reference: str, kind: str, **said: Any) -> httpx.Response:
        body = {"reference": reference, "kind": kind, "occurred_on": "2026-11-24", "customer_no": ONE, **said}
        headers = self.house.service_headers("core_banking", ["identity:post"], key=str(new_id()))
        return await self.client.post("/v1/identity/events", json=body, headers=headers)

    async def outcome(self, reference: str, kind: str, **said: Any) -> str:
        answer = await self.send(reference, kind, **said)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["outcome"])

    async def finds(self, **searched: str) -> list[str]:
        answer = await self.client.post(
            "/v1/customers/search", json=searched, headers=self.house.headers("hq_operator", key=str(new_id()))
        )
        return [one["id"] for one in answer.json()["items"]]

    async def asked(self) -> list[str]:
        answer = await self.client.get("/v1/matches", headers=self.house.headers("hq_operator"))
        return [one["asked_because"] for one in answer.json()["items"]]


@pytest.fixture
async def system(house: House, bank_client: httpx.AsyncClient) -> System:
    async with house.sessions() as session:
        lines = Lines(session, house.keys)
        await lines.take(PARTIES, party("A", customer_no=ONE, certificate_type="id_card", certificate_no=OLD_CARD))
        await lines.take(PARTIES, party("X", customer_no=OTHER, name="欧阳鸣"), line=CARDS)
        await session.commit()
        one, other = await lines.customer_numbered(ONE), await lines.customer_numbered(OTHER)
    assert one is not None
    assert other is not None
    return System(house, bank_client, (one, other))


async def test_two_numbers_become_one_customer_once_and_two_again(system: System) -> None:
    assert await system.finds(customer_no=OTHER) == [system.other]
    first = (await system.send("E1", "merge", other_customer_no=OTHER)).json()
    assert first == {"reference": "E1", "outcome": "merged", "customer_id": system.one, "repeated": False}
    assert await system.finds(customer_no=OTHER) == [system.one]
    assert (await system.send("E1", "merge", other_customer_no=OTHER)).json() == {**first, "repeated": True}
    taken = await system.send("E1", "merge", other_customer_no=THIRD)
    assert (taken.status_code, taken.json()["code"]) == (409, "identity_reference_taken")
    assert await system.outcome("E2", "merge", other_customer_no=OTHER) == "unchanged"

    assert await system.outcome("E3", "split", other_customer_no=OTHER) == "parted"
    assert await system.finds(customer_no=OTHER) == [system.other]
    assert await system.outcome("E4", "split", other_customer_no=OTHER) == "unchanged"
    again = await system.send("E5", "merge", other_customer_no=OTHER)
    assert (again.status_code, again.json()["reason"]) == (409, "kept_apart")


async def test_a_merge_of_too_many_records_waits_for_people(system: System) -> None:
    async with system.house.sessions() as session:
        terms = {"most_records_in_merge": 2}
        session.add(IdentityPolicyVersion(version=1, terms=terms, created_at=clock.now(), is_applied=True))
        await Lines(session, system.house.keys).take(PARTIES, party("B", customer_no=ONE))
        await session.commit()
    assert await system.outcome("E1", "merge", other_customer_no=OTHER) == "review"
    assert await system.asked() == ["too_many_records"]


async def test_a_new_number_and_the_one_in_whose_place_it_is_both_find_the_customer(system: System) -> None:
    assert await system.outcome("E1", "renumber", other_customer_no=THIRD) == "renumbered"
    assert await system.finds(customer_no=THIRD) == await system.finds(customer_no=ONE) == [system.one]
    apart = await system.send("E2", "split", other_customer_no=THIRD)
    assert (apart.status_code, apart.json()["code"], apart.json()["reason"]) == (
        409,
        "merge_not_possible",
        "not_merged",
    )
    assert await system.outcome("E3", "renumber", other_customer_no=OTHER) == "review"
    assert await system.asked() == ["customer_no_changed"]
    async with system.house.sessions() as session:
        lines = Lines(session, system.house.keys)
        await lines.take(PARTIES, party("B", customer_no=ONE), party("C", customer_no=THIRD))
        assert await lines.customer_of("B") == await lines.customer_of("C") == await lines.customer_of("A")


async def test_a_customer_has_a_new_certificate_from_a_day_on_and_the_old_one_until_it(system: System) -> None:
    said = {"certificate_type": "id_card", "name": "欧阳明", "certificate_no": NEW_CARD}
    certificate = {**said, "replaces_certificate_no": OLD_CARD}
    assert await system.outcome("E1", "certificate_changed", certificate=certificate) == "certificate_added"
    assert await system.finds(**said) == [system.one]  # before any line has sent it
    assert await system.finds(**said | {"name": "欧阳鸣"}) == []
    async with system.house.sessions() as session:
        lines = Lines(session, system.house.keys)
        dated = await lines.rows(
            "SELECT valid_to::text FROM customer_ref WHERE kind = 'certificate' ORDER BY valid_to NULLS LAST"
        )
        assert dated == [("2026-11-24",), (None,)]
        cards = [{"certificate_type": "id_card", "certificate_no": number} for number in (OLD_CARD, NEW_CARD)]
        await lines.take(PARTIES, *(party(f"K{number}", **card) for number, card in enumerate(cards)), line=CARDS)
        known = {await lines.customer_of(f"K{number}", CARDS) for number in (0, 1)}
        assert known == {await lines.customer_of("A")}
        await session.commit()
    taken = {**said, "name": "欧阳鸣"}
    assert (
        await system.outcome("E2", "certificate_changed", customer_no=OTHER, certificate=taken) == "certificate_added"
    )
    assert await system.outcome("E3", "certificate_changed", certificate=taken) == "review"
    assert await system.asked() == ["same_certificate_other_customer_no"]


async def test_all_numbers_and_certificates_of_a_customer_are_listed_with_their_days_and_masked(system: System) -> None:
    certificate = {"certificate_type": "id_card", "name": "欧阳明", "certificate_no": NEW_CARD}
    await system.outcome("E1", "certificate_changed", certificate={**certificate, "replaces_certificate_no": OLD_CARD})
    await system.outcome("E2", "renumber", other_customer_no=THIRD)
    url = f"/v1/customers/{system.one}/identifiers"
    shown = (await system.client.get(url, headers=system.house.headers("hq_operator"))).json()["items"]
    said = [(one["kind"], one["certificate_type"], one["valid_to"], one["lines"]) for one in shown]
    assert said == [
        ("certificate", None, None, []),
        ("certificate", "id_card", "2026-11-24", ["personal_finance"]),
        ("customer_no", None, None, []),
        ("customer_no", None, "2026-11-24", ["personal_finance"]),
    ]
    assert [one["number"] for one in shown] == [None, mask_certificate(OLD_CARD), None, mask_certificate(ONE)]
    assert OLD_CARD not in str(shown)
    hidden = await system.client.get(url, headers=system.house.headers("manager"))
    assert hidden.status_code == 404


@pytest.mark.parametrize(
    ("kind", "said", "status", "code"),
    [
        ("merge", {"other_customer_no": THIRD}, 409, "customer_number_unknown"),
        ("merge", {"customer_no": THIRD, "other_customer_no": ONE}, 409, "customer_number_unknown"),
        ("merge", {}, 422, "missing"),
        ("renumber", {"other_customer_no": "00000000"}, 422, "customer_no"),
        ("certificate_changed", {}, 422, "missing"),
        (
            "certificate_changed",
            {"certificate": {"certificate_type": "id_card", "certificate_no": "123", "name": "欧阳明"}},
            422,
            "certificate_no",
        ),
        ("merge", {"other_customer_no": OTHER, "occurred_on": "2099-01-01"}, 422, "date_out_of_range"),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    system: System, kind: str, said: dict[str, Any], status: int, code: str
) -> None:
    refused = await system.send("E1", kind, **said)
    problem = refused.json()
    assert (refused.status_code, problem["errors"][0]["type"] if status == 422 else problem["code"]) == (status, code)
    assert await system.outcome("E1", "split", other_customer_no=OTHER) == "unchanged"
