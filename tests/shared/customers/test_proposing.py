"""Pairs that may be one customer come before people with their score; nothing is joined, and no id changes."""

from collections.abc import Sequence
from typing import Any

import pytest

from guibin.customers.proposing import defaults, repository
from guibin.customers.proposing.service import propose, train
from support.lines import CARDS, DAY, E_FINANCE, PARTIES, Lines, Row, id_card, party

HOME = "上海市桂香路12号301室"
KNOWN = {"phone": "15412345678", "birth_date": "1980-02-03", "gender": "M", "address": HOME}


def known(record_id: str, name: str = "王小明", **values: str) -> Row:
    return party(record_id, name=name, **{**KNOWN, **values})


@pytest.fixture
async def bank(lines: Lines) -> Lines:
    await defaults.seed(lines.session)
    await lines.take(PARTIES, known("A"))
    return lines


async def compare(bank: Lines, *, limit: int = 1_000) -> int:
    return await propose(bank.session, open_keys=lambda: bank.keys, limit=limit)


async def asked(bank: Lines) -> Sequence[tuple[Any, ...]]:
    return await bank.rows(
        "SELECT reason, score > 0, probability > 0.9 FROM match_review WHERE state = 'open' ORDER BY score"
    )


async def test_records_of_two_lines_that_may_be_one_person_come_before_people_with_their_evidence(bank: Lines) -> None:
    await bank.take(PARTIES, known("X", "王晓明"), party("Y", name="李丽", phone="15400000001"), line=CARDS)
    ids = await bank.rows("SELECT id FROM customer ORDER BY id")
    assert await compare(bank) == 3
    assert await asked(bank) == [("probable", True, True)]
    ((evidence,),) = await bank.rows("SELECT evidence FROM match_review")
    assert {one["field"]: one["says"] for one in evidence["weights"]} == {
        "name": "similar", "phone": "equal", "birth_date": "equal", "address": "equal", "gender": "equal",
    }  # fmt: skip
    assert await bank.rows("SELECT id FROM customer ORDER BY id") == ids
    assert await bank.value("SELECT count(*) FROM customer WHERE merged_into IS NOT NULL") == 0


async def test_only_what_changed_is_compared_again_and_a_pair_is_asked_about_once(bank: Lines) -> None:
    await bank.take(PARTIES, known("X", "王晓明"), line=CARDS)
    assert [await compare(bank, limit=1) for _ in range(4)] == [1, 1, 0, 0]
    before = await bank.value("SELECT score FROM match_review")
    await bank.take(PARTIES, known("X", "王晓明", phone="15400000001"), line=CARDS)
    assert await compare(bank) == 1
    assert await bank.value("SELECT score FROM match_review") < before
    assert await bank.value("SELECT count(*) FROM match_review") == 1


async def test_two_records_of_one_line_are_never_proposed(bank: Lines) -> None:
    await bank.take(PARTIES, known("B", "王晓明"))
    assert await compare(bank) == 2
    assert await asked(bank) == []


async def test_whom_one_line_knows_both_is_not_proposed_through_a_third_record(bank: Lines) -> None:
    await bank.take(PARTIES, known("B", "王晓明", customer_no="60000001"))
    await bank.take(PARTIES, known("X", "王晓明", customer_no="60000001"), line=CARDS)
    await compare(bank)
    assert await asked(bank) == []


async def test_a_pair_that_people_keep_apart_is_not_proposed_again(bank: Lines) -> None:
    await bank.take(PARTIES, known("X", "王晓明"), line=CARDS)
    await compare(bank)
    await bank.rows("UPDATE match_review SET state = 'apart' RETURNING id")
    await bank.take(PARTIES, known("X", "王晓明", city_code="310100"), line=CARDS)
    assert await compare(bank) == 1
    assert await asked(bank) == []


async def test_a_telephone_that_many_share_makes_no_pairs(bank: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "MOST_IN_A_BLOCK", 3)
    await bank.take(PARTIES, *(party(f"X{one}", name="王小明", phone=KNOWN["phone"]) for one in range(3)), line=CARDS)
    await compare(bank)
    assert await bank.value("SELECT count(*) FROM match_review") == 0


async def test_a_contradiction_that_a_file_asked_about_is_weighed_too(bank: Lines) -> None:
    card = {"certificate_type": "id_card", "certificate_no": id_card(1, "19800203")}
    await bank.take(PARTIES, known("B", customer_no="60000001", **card))
    await bank.take(PARTIES, known("X", customer_no="60000002", **card), line=CARDS)
    await compare(bank)
    assert ("same_certificate_other_customer_no", True, True) in await asked(bank)


async def test_relatives_at_one_address_are_not_put_before_people(bank: Lines) -> None:
    twin = known("X", "王大伟")
    father = known("Y", "王建国", birth_date="1953-07-01")
    await bank.take(PARTIES, twin, line=CARDS)
    await bank.take(PARTIES, father, line=E_FINANCE)
    await compare(bank)
    assert await asked(bank) == []


async def test_what_people_decided_makes_a_new_model_by_which_the_queue_is_weighed_again(bank: Lines) -> None:
    await bank.take(PARTIES, known("X", "王晓明"), line=CARDS)
    await compare(bank)
    await bank.rows("UPDATE match_review SET state = 'merged', decided_by = id RETURNING id")
    await bank.take(PARTIES, known("Z", "王晓铭"), line=E_FINANCE, day=DAY)
    await compare(bank)
    assert (await train(bank.session)).decisions == 1
    await compare(bank)
    assert await bank.rows("SELECT DISTINCT model_version FROM match_review WHERE state = 'open'") == [(2,)]


async def test_a_bank_without_a_model_compares_nothing(lines: Lines) -> None:
    await lines.take(PARTIES, known("A"))
    assert await compare(lines) == 0
