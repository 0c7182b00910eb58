"""Batches over HTTP: announced, brought in parts, sealed when everything agrees, taken by the worker exactly once."""

from datetime import datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from guibin.core import clock
from guibin.core.ids import from_public
from guibin.feeds.batches import repository
from guibin.feeds.batches.jobs import MOST_FAILURES, take_next, tend_batches
from guibin.products.models import Product, ProductClass, Side
from support.batches import BALANCES, FILES, HOLDINGS, PARTIES, Delivery, manifest
from support.house import House
from support.lines import CURRENT, FINANCE
from support.points import sessions_of
from support.stored import stored_in_clear

URL = "/v1/feeds/batches"
UNKNOWN = "fbt_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4"


async def count(house: House, table: str) -> int:
    async with house.sessions() as session:
        return int((await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


class Sender:
    """A service that delivers batches."""

    def __init__(self, client: httpx.AsyncClient, house: House) -> None:
        self._client = client
        self.headers = house.service_headers("core_banking", ["feeds:post"])

    async def begin(self, *files: dict[str, Any], **values: Any) -> httpx.Response:
        return await self._client.post(URL, json=manifest(*files, **values), headers=self.headers)

    async def put(self, batch_id: str, name: str, part: int, raw: bytes) -> httpx.Response:
        headers = self.headers | {"Content-Type": "application/octet-stream"}
        return await self._client.put(f"{URL}/{batch_id}/files/{name}/parts/{part}", content=raw, headers=headers)

    async def act(self, batch_id: str, what: str) -> httpx.Response:
        return await self._client.post(f"{URL}/{batch_id}/{what}", headers=self.headers)

    async def get(self, batch_id: str) -> dict[str, Any]:
        return dict((await self._client.get(f"{URL}/{batch_id}", headers=self.headers)).json())

    async def bring(self, *files: Delivery, announced: list[dict[str, Any]] | None = None) -> str:
        """Announce files, bring each in one part and return the id of the batch."""
        begun = await self.begin(*(announced or [file.announced() for file in files]))
        assert begun.status_code == 201, begun.text
        for file in files:
            assert (await self.put(begun.json()["id"], file.name, 1, file.raw)).status_code == 200
        return str(begun.json()["id"])


@pytest.fixture
async def sender(bank_client: httpx.AsyncClient, house: House) -> Sender:
    async with house.sessions.begin() as session:
        deposits = ProductClass.DEPOSITS
        session.add(
            Product(
                code=CURRENT, line=FINANCE, product_class=deposits, side=Side.ASSET, name_zh="活期", name_en="Current"
            )
        )
    return Sender(bank_client, house)


async def tend(house: House) -> int:
    async with sessions_of(house.database.worker_url) as factory:
        return await tend_batches(factory, lambda: house.keys)


async def test_a_batch_comes_in_parts_in_any_order_and_is_taken_in_the_order_of_kinds(
    sender: Sender, bank_client: httpx.AsyncClient, house: House
) -> None:
    begun = (await sender.begin()).json()
    assert (begun["state"], [file["name"] for file in begun["files"]]) == ("open", ["who.csv", "has.csv", "much.csv"])
    for file in FILES:
        half = len(file.raw) // 2
        await sender.put(begun["id"], file.name, 2, b"broken on its way")
        await sender.put(begun["id"], file.name, 1, file.raw[:half])
        put = await sender.put(begun["id"], file.name, 2, file.raw[half:])
        assert put.json()["bytes"] == len(file.raw) - half
    assert [file["parts"] for file in (await sender.get(begun["id"]))["files"]] == [[1, 2]] * 3
    assert not await stored_in_clear(house, ["60000001", "欧阳明"])
    sealed = await sender.act(begun["id"], "seal")
    assert (sealed.status_code, sealed.json()["state"]) == (200, "sealed"), sealed.text
    assert (await sender.put(begun["id"], "who.csv", 1, b"x")).json()["code"] == "batch_not_open"
    assert await count(house, "customer") == 0
    assert await tend(house) == 3
    done = await sender.get(begun["id"])
    assert done["state"] == "done"
    assert (await sender.act(begun["id"], "seal")).json() == done
    headers = house.headers("hq_operator")
    files = [
        (await bank_client.get(f"/v1/feeds/files/{one['file_id']}", headers=headers)).json() for one in done["files"]
    ]
    assert [(one["kind"], one["rows_read"], one["rows_rejected"]) for one in files] == [
        ("parties", 3, 1), ("holdings", 2, 0), ("balances", 2, 0),
    ]  # fmt: skip
    assert await count(house, "holding_balance") == 2
    listed = await bank_client.get(URL, params={"state": "done"}, headers=headers)
    assert [one["id"] for one in listed.json()["items"]] == [begun["id"]]
    assert await count(house, "feed_batch_part WHERE content_enc IS NOT NULL") == 0
    assert await count(house, "feed_batch WHERE data_key IS NOT NULL") == 0


DIFFERENT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"control_sum": "11.51"}, {"what": "control_sum", "announced": "11.51", "found": "11.50"}),
    ({"rows": 3}, {"what": "rows", "announced": "3", "found": "2"}),
    ({"bytes": 5}, {"what": "bytes", "announced": "5", "found": str(len(BALANCES.raw))}),
    ({"sha256": "0" * 64}, {"what": "sha256", "announced": "0" * 64, "found": BALANCES.announced()["sha256"]}),
    ({"kind": "events"}, {"what": "content", "found": "columns_invalid", "line": 1}),
]


async def test_a_batch_that_differs_is_refused_whole_and_changes_nothing(sender: Sender, house: House) -> None:
    for other, difference in DIFFERENT:
        announced = [PARTIES.announced(), BALANCES.announced(**other)]
        batch_id = await sender.bring(PARTIES, BALANCES, announced=announced)
        answer = await sender.act(batch_id, "seal")
        assert (answer.status_code, answer.json()["code"]) == (422, "batch_differs")
        assert answer.json()["differences"] == [{"file": "much.csv", **difference}]
        assert (await sender.get(batch_id))["state"] == "open"
    assert await tend(house) == 0
    assert await count(house, "customer") == 0


async def test_a_part_that_is_missing_is_named_and_can_still_come(sender: Sender, house: House) -> None:
    batch_id = (await sender.begin(PARTIES.announced())).json()["id"]
    await sender.put(batch_id, "who.csv", 2, PARTIES.raw[9:])
    answer = (await sender.act(batch_id, "seal")).json()
    assert answer["differences"] == [{"file": "who.csv", "what": "parts", "found": "without 1"}]
    await sender.put(batch_id, "who.csv", 1, PARTIES.raw[:9])
    assert (await sender.act(batch_id, "seal")).json()["state"] == "sealed"
    assert await tend(house) == 1


async def test_a_worker_that_is_killed_takes_up_at_the_file_that_is_next(
    sender: Sender, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = await sender.bring(*FILES)
    await sender.act(batch_id, "seal")

    class KilledError(BaseException):
        pass

    async def die(*_: object, **__: object) -> None:
        raise KilledError

    async with sessions_of(house.database.worker_url) as factory:
        assert await take_next(factory, lambda: house.keys)
        with monkeypatch.context() as patch:
            patch.setattr(repository, "note_file", die)
            with pytest.raises(KilledError):
                await take_next(factory, lambda: house.keys)
    assert await count(house, "holding") == 0
    assert await tend(house) == 2
    assert (await sender.get(batch_id))["state"] == "done"
    assert await count(house, "feed_file") == 3


async def test_a_batch_that_fails_keeps_its_own_line_waiting_and_no_other(sender: Sender, house: House) -> None:
    poisoned = await sender.bring(PARTIES)
    behind = await sender.bring(PARTIES)
    cards = (await sender.begin(PARTIES.announced(), line="credit_card")).json()["id"]
    await sender.put(cards, PARTIES.name, 1, PARTIES.raw)
    for batch_id in (poisoned, behind, cards):
        await sender.act(batch_id, "seal")
    broken = "UPDATE feed_batch_part SET content_enc = '\\x00' WHERE batch_id = :id"
    async with house.sessions.begin() as session:
        await session.execute(text(broken), {"id": from_public("fbt", poisoned)})
    assert await tend(house) == 2, "one failed, one was taken"
    failed = await sender.get(poisoned)
    assert (failed["state"], failed["failures"]) == ("sealed", 1)
    assert datetime.fromisoformat(failed["retry_at"]) > clock.now()
    assert [(await sender.get(one))["state"] for one in (behind, cards)] == ["sealed", "done"]


async def test_a_batch_that_fails_too_often_is_refused_and_its_line_goes_on(sender: Sender, house: House) -> None:
    poisoned, behind = await sender.bring(PARTIES), await sender.bring(PARTIES)
    for batch_id in (poisoned, behind):
        await sender.act(batch_id, "seal")
    async with house.sessions.begin() as session:
        last = "UPDATE feed_batch SET failures = :nine, retry_at = now() WHERE id = :id"
        await session.execute(text(last), {"nine": MOST_FAILURES - 1, "id": from_public("fbt", poisoned)})
        broken = "UPDATE feed_batch_part SET content_enc = '\\x00' WHERE batch_id = :id"
        await session.execute(text(broken), {"id": from_public("fbt", poisoned)})
    await tend(house)
    ended = [await sender.get(one) for one in (poisoned, behind)]
    assert [(one["state"], one["refusal"]) for one in ended] == [("refused", "batch_not_taken"), ("done", None)]


async def test_a_file_that_cannot_be_taken_after_all_ends_its_batch(sender: Sender, house: House) -> None:
    batch_id = await sender.bring(PARTIES)
    await sender.act(batch_id, "seal")
    async with house.sessions.begin() as session:  # every branch a part of another: no head office
        await session.execute(text("UPDATE branch SET parent_id = id WHERE parent_id IS NULL"))
    await tend(house)
    ended = await sender.get(batch_id)
    assert (ended["state"], ended["refusal"]) == ("refused", "head_office_missing")


async def test_an_abandoned_batch_and_one_that_was_forgotten_keep_nothing(sender: Sender, house: House) -> None:
    given_up, forgotten = await sender.bring(PARTIES), await sender.bring(HOLDINGS)
    assert (await sender.act(given_up, "abandon")).json()["state"] == "abandoned"
    assert (await sender.act(given_up, "seal")).json()["code"] == "batch_not_open"
    async with house.sessions.begin() as session:
        await session.execute(text("UPDATE feed_batch SET created_at = created_at - interval '8 days'"))
    await tend(house)
    assert (await sender.get(forgotten))["state"] == "abandoned"
    assert await count(house, "feed_batch_part WHERE content_enc IS NOT NULL") == 0


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"date": "2099-01-01"}, "business_date_invalid"),
    ({"files": [PARTIES.announced(), PARTIES.announced()]}, "batch_manifest_invalid"),
    ({"files": []}, "validation_failed"),
    ({"files": [PARTIES.announced(name="../who.csv")]}, "validation_failed"),
    ({"files": [PARTIES.announced(bytes=5 * 1024**3)]}, "validation_failed"),
    ({"line": "gold"}, "validation_failed"),
]


async def test_a_manifest_that_is_wrong_begins_nothing(sender: Sender, house: House) -> None:
    for values, code in WRONG:
        answer = await sender.begin(**values)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await count(house, "feed_batch") == 0


async def test_what_the_manifest_does_not_name_is_not_found(sender: Sender) -> None:
    batch_id = (await sender.begin(PARTIES.announced())).json()["id"]
    assert (await sender.put(batch_id, "other.csv", 1, b"x")).json()["code"] == "batch_file_unknown"
    assert (await sender.put(UNKNOWN, "who.csv", 1, b"x")).status_code == 404
    assert (await sender.act(UNKNOWN, "seal")).status_code == 404
    assert (await sender.put(batch_id, "who.csv", 1001, b"x")).status_code == 422
