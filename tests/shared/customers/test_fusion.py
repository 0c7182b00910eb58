"""Which records become one customer, and which stay apart."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.customers import fusion_repository, merging
from guibin.customers.models import Customer, IdentityPolicyVersion
from guibin.customers.personal import identity_of
from guibin.customers.repository import get_customer
from guibin.points import defaults as points
from guibin.points.models import EntryKind
from guibin.security.actors import Scope
from support.lines import (
    BALANCES,
    CARDS,
    DAY,
    E_FINANCE,
    EVENTS,
    FINANCE,
    HOLDINGS,
    PARTIES,
    Lines,
    Row,
    balance,
    event,
    holding,
    id_card,
    party,
)
from support.points import let_owner_post, post_points

ONE, TWO = "60000001", "60000002"
MARRIED = id_card(1)


def certified(record_id: str, number: str = MARRIED, **values: str) -> Row:
    return party(record_id, certificate_type="id_card", certificate_no=number, **values)


async def customers(lines: Lines) -> int:
    return int(await lines.value("SELECT count(*) FROM customer WHERE merged_into IS NULL"))


async def reviews(lines: Lines) -> list[str]:
    return [row[0] for row in await lines.rows("SELECT reason FROM match_review WHERE state = 'open' ORDER BY reason")]


async def test_equal_customer_numbers_are_one_customer_whatever_else_differs(lines: Lines) -> None:
    await lines.take(PARTIES, certified("A", customer_no=ONE))
    await lines.take(PARTIES, certified("X", id_card(2), name="王明", customer_no=ONE), line=CARDS)
    assert await customers(lines) == 1
    assert await lines.customer_of("A") == await lines.customer_of("X", CARDS) == await lines.customer_numbered(ONE)
    assert await lines.customer_certified(id_card(2), "王明") == await lines.customer_numbered(ONE)


async def test_two_records_of_one_line_with_one_number_are_one_customer(lines: Lines) -> None:
    await lines.take(PARTIES, party("A", customer_no=ONE), party("B", name="王明", customer_no=ONE))
    assert await customers(lines) == 1


@pytest.mark.parametrize(
    ("name", "number"),
    [("欧阳明", MARRIED), (" 欧阳　明", MARRIED.lower()), ("欧阳明", "９" + MARRIED[1:])],
)
async def test_the_same_certificate_and_name_without_a_number_are_one_customer(
    lines: Lines, name: str, number: str
) -> None:
    await lines.take(PARTIES, certified("A"))
    await lines.take(PARTIES, certified("X", number, name=name), line=CARDS)
    assert await customers(lines) == 1


async def test_an_old_certificate_of_15_digits_is_the_same_as_its_new_form(lines: Lines) -> None:
    new = id_card(1)
    await lines.take(PARTIES, certified("A", new))
    await lines.take(PARTIES, certified("X", new[:6] + new[8:17]), line=CARDS)
    assert await customers(lines) == 1


@pytest.mark.parametrize(
    "other",
    [
        certified("X", name="欧阳鸣"),
        certified("X", id_card(2)),
        party("X", certificate_type="passport", certificate_no=MARRIED),
        party("X", phone="15400000001"),
    ],
)
async def test_records_that_share_no_key_stay_apart(lines: Lines, other: Row) -> None:
    await lines.take(PARTIES, certified("A", phone="15400000001"))
    await lines.take(PARTIES, other, line=CARDS)
    assert await customers(lines) == 2
    assert await reviews(lines) == []


async def test_equal_certificates_with_different_numbers_are_not_joined_but_reviewed(lines: Lines) -> None:
    await lines.take(PARTIES, certified("A", customer_no=ONE))
    result = await lines.take(PARTIES, certified("X", customer_no=TWO), line=CARDS)
    assert await customers(lines) == 2
    assert result.counts["reviews"] == 1
    assert await reviews(lines) == ["same_certificate_other_customer_no"]
    assert await lines.customer_certified(MARRIED, "欧阳明") == await lines.customer_of("A")


async def test_a_pair_is_put_before_people_once(lines: Lines) -> None:
    await lines.take(PARTIES, certified("A", customer_no=ONE))
    await lines.take(PARTIES, certified("X", customer_no=TWO), line=CARDS)
    await lines.take(PARTIES, certified("X", customer_no=TWO, city_code="310100"), line=CARDS, day=DAY)
    await lines.take(PARTIES, certified("Y", customer_no=TWO), line=E_FINANCE)
    assert await reviews(lines) == ["same_certificate_other_customer_no"]


@pytest.mark.parametrize("filler", ["00000000", "99999999", "12345678", "87654321", "0", "test"])
async def test_filler_is_no_customer_number(lines: Lines, filler: str) -> None:
    await lines.take(PARTIES, party("A", customer_no=filler), party("B", name="王明", customer_no=filler))
    assert await customers(lines) == 2


@pytest.mark.parametrize("filler", ["000000000000000000", "111111111111111111", "NULL"])
async def test_filler_is_no_certificate(lines: Lines, filler: str) -> None:
    result = await lines.take(PARTIES, certified("A", filler), certified("B", filler))
    assert result.rejects == ()
    assert await customers(lines) == 2


async def test_a_number_learnt_later_belongs_to_the_customer_of_the_certificate(lines: Lines) -> None:
    await lines.take(PARTIES, certified("A"))
    first = await lines.customer_of("A")
    await lines.take(PARTIES, certified("X", customer_no=ONE), line=CARDS)
    assert await lines.customer_of("X", CARDS) == await lines.customer_numbered(ONE) == first


async def test_a_record_without_number_joins_the_numbered_customer_of_its_certificate(lines: Lines) -> None:
    await lines.take(PARTIES, certified("A", customer_no=ONE))
    await lines.take(PARTIES, certified("X"), line=CARDS)
    assert await lines.customer_of("X", CARDS) == await lines.customer_of("A")


async def connected(lines: Lines) -> tuple[UUID, UUID]:
    """Make two customers, one with number ONE and one with a certificate, holdings, balances and events."""
    await lines.take(PARTIES, party("A", customer_no=ONE))
    await lines.take(PARTIES, certified("B"))
    await lines.take(
        HOLDINGS, holding("A", "HA"), holding("B", "HB", joint_record_ids="A"), holding("A", "HC", joint_record_ids="B")
    )
    await lines.take(BALANCES, balance("HB", "2026-11-23", "5.00"), balance("HA", "2026-11-23", "7.00"))
    await lines.take(EVENTS, event("R1", "B"))
    survivor, loser = await lines.customer_of("A"), await lines.customer_of("B")
    assert survivor is not None
    assert loser is not None
    assert survivor != loser
    return survivor, loser


async def test_a_record_that_connects_two_customers_makes_them_one(lines: Lines) -> None:
    survivor, loser = await connected(lines)
    result = await lines.take(PARTIES, certified("X", customer_no=ONE), line=CARDS)
    assert result.counts == {"customers_merged": 1, "records_new": 1}
    assert await lines.value("SELECT merged_into FROM customer WHERE id = :c", c=loser) == survivor
    for found in (await lines.customer_of("B"), await lines.customer_certified(MARRIED, "欧阳明")):
        assert found == survivor
    assert (await get_customer(lines.session, Scope(whole_bank=True), customer_id=loser)).id == survivor


@pytest.mark.parametrize(
    ("table", "rows"),
    [("source_record", 3), ("holding", 3), ("holding_balance", 2), ("customer_event", 1), ("business_event", 1)],
)
async def test_what_the_losing_customer_had_moves_to_the_surviving_one(lines: Lines, table: str, rows: int) -> None:
    survivor, _ = await connected(lines)
    await lines.take(PARTIES, certified("X", customer_no=ONE), line=CARDS)
    owners = await lines.rows(f"SELECT customer_id, count(*) FROM {table} GROUP BY customer_id")
    assert owners == [(survivor, rows)]


async def test_nobody_shares_a_holding_with_oneself_after_a_merge(lines: Lines) -> None:
    await connected(lines)
    assert await lines.value("SELECT count(*) FROM holding_party") == 2
    await lines.take(PARTIES, certified("X", customer_no=ONE), line=CARDS)
    assert await lines.value("SELECT count(*) FROM holding_party") == 0


async def test_a_merge_is_kept_in_the_audit_trail(lines: Lines) -> None:
    survivor, loser = await connected(lines)
    await lines.take(PARTIES, certified("X", customer_no=ONE), line=CARDS)
    assert await lines.rows("SELECT owner_id, object_id FROM audit_entry WHERE action = 'customer.merge'") == [
        (survivor, f"cus_{loser}")
    ]


class Objection(merging.MergeParticipant):
    name = "objection"

    async def objection(self, session: object, *, losing_id: UUID, surviving_id: UUID) -> str | None:
        assert session is not None
        assert losing_id != surviving_id
        return "open_holds"


async def test_a_domain_that_objects_leaves_two_customers_to_people(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    survivor, loser = await connected(lines)
    monkeypatch.setattr(merging, "PARTICIPANTS", [Objection()])
    result = await lines.take(PARTIES, certified("X", customer_no=ONE), line=CARDS)
    assert "customers_merged" not in result.counts
    assert await reviews(lines) == ["connects_two_customers"]
    assert await lines.customer_of("X", CARDS) == survivor
    assert await lines.customer_certified(MARRIED, "欧阳明") == loser


async def test_points_go_along_and_a_pair_that_people_keep_apart_stays_two(lines: Lines) -> None:
    survivor, loser = await connected(lines)
    await points.seed(lines.session)
    await let_owner_post(lines.session)
    await post_points(lines.session, loser, EntryKind.EARN, 100)
    await lines.session.execute(
        text(
            "INSERT INTO match_review (customer_id, id, other_customer_id, reason, evidence, state, created_at)"
            " VALUES (:loser, :loser, :survivor, 'connects_two_customers', '{}', 'apart', now())"
        ),
        {"loser": loser, "survivor": survivor},
    )
    await lines.take(PARTIES, certified("X", customer_no=ONE), line=CARDS)
    assert await lines.value("SELECT merged_into FROM customer WHERE id = :c", c=loser) is None
    assert await reviews(lines) == []
    await lines.session.execute(text("DELETE FROM match_review"))
    await lines.take(PARTIES, certified("X", customer_no=ONE, city_code="310100"), line=CARDS)
    assert await lines.value("SELECT merged_into FROM customer WHERE id = :c", c=loser) == survivor
    accounts = await lines.rows("SELECT customer_id, balance FROM points_account ORDER BY balance")
    assert accounts == [(loser, 0), (survivor, 100)]


async def test_ids_do_not_depend_on_what_comes_later(lines: Lines) -> None:
    await lines.take(PARTIES, certified("A"))
    first = await lines.customer_of("A")
    await lines.take(PARTIES, *[party(f"N{n}", name=f"客户{n}", customer_no=f"6100{n:04d}") for n in range(50)])
    await lines.take(PARTIES, certified("A", customer_no=ONE, city_code="310100"), day=DAY)
    assert await lines.customer_of("A") == first


async def test_connections_inside_one_file_keep_the_customer_that_was_there_before(lines: Lines) -> None:
    await lines.take(PARTIES, certified("A"))
    first = await lines.customer_of("A")
    await lines.take(PARTIES, party("X", customer_no=ONE), certified("Y", customer_no=ONE), line=CARDS)
    assert await customers(lines) == 1
    assert await lines.customer_of("X", CARDS) == await lines.customer_of("Y", CARDS) == first
    assert await lines.customer_numbered(ONE) == first


async def test_two_new_customers_of_one_file_that_a_third_row_connects_are_one(lines: Lines) -> None:
    await lines.take(PARTIES, party("X", customer_no=ONE), certified("Y"), certified("Z", customer_no=ONE))
    assert await customers(lines) == 1
    assert await lines.value("SELECT count(*) FROM customer") == 1


async def test_a_record_that_learns_its_number_connects_to_the_customer_of_that_number(lines: Lines) -> None:
    await lines.take(PARTIES, party("A", customer_no=ONE))
    await lines.take(PARTIES, certified("X"), line=CARDS)
    loser = await lines.customer_of("X", CARDS)
    await lines.take(PARTIES, certified("X", customer_no=ONE), line=CARDS)
    assert await lines.customer_of("X", CARDS) == await lines.customer_of("A")
    assert await lines.value("SELECT merged_into FROM customer WHERE id = :c", c=loser) == await lines.customer_of("A")


async def test_a_record_that_changes_its_number_stays_until_people_decide(lines: Lines) -> None:
    await lines.take(PARTIES, party("A", customer_no=ONE), party("B", name="王明", customer_no=TWO))
    first = await lines.customer_of("A")
    await lines.take(PARTIES, party("A", customer_no=TWO))
    assert await lines.customer_of("A") == first
    assert await reviews(lines) == ["customer_no_changed"]
    assert await lines.customer_numbered(TWO) == await lines.customer_of("B")


async def test_a_number_that_nobody_had_is_not_given_to_a_customer_with_another(lines: Lines) -> None:
    await lines.take(PARTIES, party("A", customer_no=ONE))
    await lines.take(PARTIES, party("A", customer_no=TWO))
    assert await lines.customer_numbered(TWO) is None
    assert await reviews(lines) == ["customer_no_changed"]


async def name_and_phone(lines: Lines) -> tuple[str, str | None]:
    customer = await lines.session.get(Customer, await lines.customer_of("A"), populate_existing=True)
    assert customer is not None
    identity = identity_of(lines.keys, customer)
    assert identity.name is not None
    return identity.name.value, identity.phone.value if identity.phone else None


async def test_the_leading_line_names_the_customer_and_others_fill_what_is_empty(lines: Lines) -> None:
    await lines.take(PARTIES, party("X", name="欧阳", customer_no=ONE, phone="15400000001"), line=CARDS)
    await lines.take(PARTIES, party("A", name="欧阳明", customer_no=ONE))
    assert await name_and_phone(lines) == ("欧阳明", "15400000001")


async def test_a_weaker_line_that_corrects_itself_corrects_what_it_filled(lines: Lines) -> None:
    await lines.take(PARTIES, party("A", customer_no=ONE))
    await lines.take(PARTIES, party("X", name="错名", customer_no=ONE, phone="15400000001"), line=CARDS)
    await lines.take(PARTIES, party("X", name="错名", customer_no=ONE, phone="15400000002"), line=CARDS)
    assert await name_and_phone(lines) == ("欧阳明", "15400000002")


async def test_what_a_certificate_tells_fills_birthday_and_gender(lines: Lines) -> None:
    await lines.take(PARTIES, certified("A", id_card(3, "19991231")))
    assert await lines.rows("SELECT birth_year, birth_mmdd, gender FROM customer") == [(1999, "1231", "M")]


async def test_a_customer_without_branch_belongs_to_the_head_office(lines: Lines) -> None:
    await lines.take(PARTIES, party("A"), party("B", name="王明", branch_code="310001"))
    found = await lines.rows("SELECT b.code FROM customer c JOIN branch b ON b.id = c.branch_id ORDER BY b.code")
    assert found == [("000000",), ("310001",)]


@pytest.mark.parametrize(
    ("statuses", "joint"),
    [
        (("active", "closed"), "active"),
        (("dormant", "closed"), "dormant"),
        (("closed", "closed"), "closed"),
        (("active", "deceased"), "deceased"),
    ],
)
async def test_a_death_counts_first_then_any_living_relation(
    lines: Lines, statuses: tuple[str, str], joint: str
) -> None:
    await lines.take(PARTIES, party("A", customer_no=ONE, status=statuses[0]))
    await lines.take(PARTIES, party("X", customer_no=ONE, status=statuses[1]), line=CARDS)
    assert await lines.value("SELECT status FROM customer") == joint


async def test_the_first_day_of_a_customer_is_the_earliest_of_all_records(lines: Lines) -> None:
    await lines.take(PARTIES, party("A", customer_no=ONE, opened_on="2020-05-01"))
    await lines.take(PARTIES, party("X", customer_no=ONE, opened_on="2015-03-02"), line=CARDS)
    assert await lines.value("SELECT opened_on FROM customer") == date(2015, 3, 2)


async def test_unchanged_records_change_nothing(lines: Lines) -> None:
    await lines.take(PARTIES, certified("A", customer_no=ONE), line=FINANCE)
    before = await lines.rows("SELECT * FROM source_record")
    result = await lines.take(PARTIES, certified("A", customer_no=ONE), day=DAY + timedelta(days=1))
    assert (result.rows_changed, result.counts) == (0, {"unchanged": 1})
    assert await lines.rows("SELECT * FROM source_record") == before


async def test_a_customer_whose_survivor_is_out_of_scope_is_not_found(lines: Lines) -> None:
    _, loser = await connected(lines)
    await lines.take(PARTIES, certified("X", customer_no=ONE), line=CARDS)
    with pytest.raises(NotFound):
        await get_customer(lines.session, Scope.of_customer(loser), customer_id=loser)


async def test_what_was_erased_or_logged_out_since_it_was_read_is_not_written_back(lines: Lines) -> None:
    await lines.take(PARTIES, party("A", customer_no=ONE), party("B", customer_no=TWO))
    erased, logged_out = await lines.customer_numbered(ONE), await lines.customer_numbered(TWO)
    assert erased is not None
    assert logged_out is not None
    read = await fusion_repository.customer_rows(lines.session, [erased, logged_out])
    empty = "UPDATE customer SET data_key = NULL, name_enc = NULL, erased_at = now(), not_before = now() WHERE id = :id"
    await lines.session.execute(text(empty), {"id": erased})
    await lines.session.execute(text("UPDATE customer SET not_before = now() WHERE id = :id"), {"id": logged_out})
    await fusion_repository.write_customers(lines.session, [tuple(row.values()) for row in read])
    written = "SELECT count(*) FROM customer WHERE not_before IS NOT NULL AND (id = :id) = (name_enc IS NULL)"
    assert (await lines.session.execute(text(written), {"id": erased})).scalar_one() == 2


async def test_a_merge_of_more_records_than_the_policy_allows_waits_for_people(lines: Lines) -> None:
    lines.session.add(
        IdentityPolicyVersion(version=1, terms={"most_records_in_merge": 2}, created_at=clock.now(), is_applied=True)
    )
    await lines.take(PARTIES, certified("A"), certified("B"))
    await lines.take(PARTIES, party("X", customer_no=ONE), line=CARDS)
    await lines.take(PARTIES, certified("X", customer_no=ONE), line=CARDS)
    assert await customers(lines) == 2
    assert await reviews(lines) == ["too_many_records"]
