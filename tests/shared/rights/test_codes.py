"""Codes: kept as secrets, shown to their holder, used once."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit.models import AuditEntry
from guibin.core import clock
from guibin.core.errors import NotFound, Refusal
from guibin.core.ids import new_id, to_public
from guibin.rights.errors import AlreadyUsed, CodeNotValid, QrInvalid
from guibin.rights.models import Redemption, RedemptionState, RedemptionStep
from guibin.rights.patterns import normal_form
from guibin.rights.service import (
    CodeUse,
    ShownCode,
    UseRequest,
    add_codes,
    fail,
    generate_codes,
    show_codes,
    use_batch,
    use_code,
)
from guibin.rights.service.codes import new_code, read_qr
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing
from support.points import NOON
from support.rights import OPERATOR, TERMINAL, add_customer_with, add_pool, add_right, codes_of, take
from support.statements import statements

CODE = "AB0C-1234-Ef"
WHOLE_BANK = Scope(whole_bank=True)


async def use(
    session: AsyncSession,
    keys: KeyRing,
    *,
    code: str | None = None,
    qr: str | None = None,
    actor: Actor = TERMINAL,
    later: timedelta = timedelta(0),
) -> CodeUse:
    with clock.fixed_at(NOON + later):
        return await use_code(session, actor=actor, keys=keys, request=UseRequest(code=code, qr=qr))


async def codes_shown(session: AsyncSession, keys: KeyRing, row: Redemption) -> list[ShownCode]:
    with clock.fixed_at(NOON):
        scope = Scope.of_customer(row.customer_id)
        return await show_codes(session, scope, keys=keys, redemption_id=row.id)


async def redeemed(session: AsyncSession, keys: KeyRing, *codes: str) -> Redemption:
    """Let a customer take every code of a new pool in one redemption."""
    customer = await add_customer_with(session)
    right = await add_pool(session, keys, codes)
    return (await take(session, customer, right, quantity=len(codes))).redemption


async def end_as(session: AsyncSession, row: Redemption, state: RedemptionState) -> None:
    row.state = state
    session.add(
        RedemptionStep(
            customer_id=row.customer_id,
            redemption_id=row.id,
            state=state,
            at=NOON + timedelta(seconds=1),
            actor_id=new_id(),
        )
    )
    await session.flush()


async def give_up(session: AsyncSession, row: Redemption) -> None:
    with clock.fixed_at(NOON + timedelta(seconds=1)):
        await fail(session, WHOLE_BANK, actor=OPERATOR, redemption_id=row.id, reason="供应商停业，无法提供服务")


def test_a_code_of_our_own_has_eighty_random_bits() -> None:
    codes = {new_code() for _ in range(500)}
    assert len(codes) == 500
    for code in codes:
        assert len(code) == 19
        assert set(code) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ-")
        assert len(normal_form(code)) == 16


async def test_no_code_stands_in_the_database_in_clear(bank: AsyncSession, keys: KeyRing) -> None:
    right = await add_pool(bank, keys, [CODE])
    (row,) = await codes_of(bank, right)
    for value in (row.code_enc, row.code_hash):
        assert CODE.encode() not in value
        assert normal_form(CODE).encode() not in value


async def test_the_holder_sees_each_code_as_it_came_in_with_a_qr_payload_for_a_minute(
    bank: AsyncSession, keys: KeyRing
) -> None:
    row = await redeemed(bank, keys, CODE, "second-code-2")
    shown = await codes_shown(bank, keys, row)
    assert {code.code for code in shown} == {CODE, "second-code-2"}
    assert all(code.qr_expires_at == NOON + timedelta(seconds=60) for code in shown)
    content = read_qr(keys, shown[0].qr or "", now=NOON)
    assert content is not None
    assert (content.right_id, content.redemption_id) == (row.right_id, row.id)


async def test_the_neighbours_codes_are_not_there(bank: AsyncSession, keys: KeyRing) -> None:
    row = await redeemed(bank, keys, CODE)
    other = await add_customer_with(bank)
    with pytest.raises(NotFound):
        await show_codes(bank, Scope.of_customer(other), keys=keys, redemption_id=row.id)


async def test_a_redemption_without_codes_shows_none(bank: AsyncSession, keys: KeyRing) -> None:
    customer = await add_customer_with(bank)
    row = (await take(bank, customer, await add_right(bank))).redemption
    with pytest.raises(NotFound):
        await codes_shown(bank, keys, row)


async def test_a_redemption_that_failed_shows_no_codes(bank: AsyncSession, keys: KeyRing) -> None:
    row = await redeemed(bank, keys, CODE)
    await give_up(bank, row)
    with pytest.raises(NotFound):
        await codes_shown(bank, keys, row)


@pytest.mark.parametrize("written", ["AB0C-1234-Ef", "abOc 1234 eF", "ＡＢ０Ｃ－１２３４－ＥＦ"])
async def test_v1_a_code_is_used_however_it_is_written(bank: AsyncSession, keys: KeyRing, written: str) -> None:
    row = await redeemed(bank, keys, CODE)
    done = await use(bank, keys, code=written)
    assert (done.redemption.id, done.codes_left, done.use.used_at) == (row.id, 0, NOON)


async def test_the_last_code_fulfils_the_redemption(bank: AsyncSession, keys: KeyRing) -> None:
    row = await redeemed(bank, keys, CODE, "second-code-2")
    first = await use(bank, keys, code=CODE, later=timedelta(seconds=1))
    assert (first.codes_left, first.redemption.state) == (1, "confirmed")
    last = await use(bank, keys, code="second-code-2", later=timedelta(seconds=2))
    assert (last.codes_left, last.redemption.state) == (0, "fulfilled")
    steps = (await bank.exec(select(RedemptionStep).where(RedemptionStep.redemption_id == row.id))).all()
    assert {(step.state, step.actor_id) for step in steps} == {
        ("confirmed", row.customer_id),
        ("fulfilled", TERMINAL.id),
    }


async def test_a_use_is_written_down_with_who_and_when(bank: AsyncSession, keys: KeyRing) -> None:
    row = await redeemed(bank, keys, CODE)
    await use(bank, keys, code=CODE)
    (code,) = await codes_of(bank, row.right_id)
    assert (code.used_at, code.used_by, code.used_at_branch) == (NOON, TERMINAL.id, None)
    query = select(AuditEntry).where(AuditEntry.action == "voucher.use")
    (entry,) = (await bank.exec(query)).all()
    assert (entry.owner_id, entry.object_id) == (row.customer_id, to_public("rdm", row.id))
    assert entry.facts["codes_left"] == 0


async def test_a_code_is_used_once(bank: AsyncSession, keys: KeyRing) -> None:
    await redeemed(bank, keys, CODE)
    await use(bank, keys, code=CODE)
    with pytest.raises(AlreadyUsed) as caught:
        await use(bank, keys, code=CODE, later=timedelta(days=1))
    assert caught.value.facts == {"used_at": NOON, "place": None, "by": "service", "by_you": True, "reference": None}


async def test_a_used_code_is_shown_without_a_qr_payload(bank: AsyncSession, keys: KeyRing) -> None:
    row = await redeemed(bank, keys, CODE)
    await use(bank, keys, code=CODE)
    assert await codes_shown(bank, keys, row) == [ShownCode(CODE, NOON, None, None)]


async def test_v7_a_qr_payload_is_as_good_as_its_code_until_its_minute_is_over(
    bank: AsyncSession, keys: KeyRing
) -> None:
    row = await redeemed(bank, keys, CODE, "second-code-2")
    first, second = await codes_shown(bank, keys, row)
    assert (await use(bank, keys, qr=first.qr, later=timedelta(seconds=60))).codes_left == 1
    with pytest.raises(QrInvalid):
        await use(bank, keys, qr=second.qr, later=timedelta(seconds=61))


async def test_a_qr_payload_is_used_once(bank: AsyncSession, keys: KeyRing) -> None:
    row = await redeemed(bank, keys, CODE)
    (shown,) = await codes_shown(bank, keys, row)
    await use(bank, keys, qr=shown.qr)
    with pytest.raises(AlreadyUsed):
        await use(bank, keys, qr=shown.qr)


@pytest.mark.parametrize("place", [10, 40, 70, 100, -1])
async def test_v7_an_altered_qr_payload_is_refused(bank: AsyncSession, keys: KeyRing, place: int) -> None:
    row = await redeemed(bank, keys, CODE)
    (shown,) = await codes_shown(bank, keys, row)
    letters = list(shown.qr or "")
    letters[place] = "A" if letters[place] != "A" else "B"
    with pytest.raises(QrInvalid):
        await use(bank, keys, qr="".join(letters))


@pytest.mark.parametrize("payload", ["", "GBQ1.", "GBQ1.***", "GBQ1.é", "GBQ1.AAAA", "hello"])
async def test_what_is_no_qr_payload_is_refused(bank: AsyncSession, keys: KeyRing, payload: str) -> None:
    with pytest.raises(QrInvalid):
        await use(bank, keys, qr=payload)


async def test_a_qr_payload_for_a_redemption_that_gave_its_code_back_is_refused(
    bank: AsyncSession, keys: KeyRing
) -> None:
    row = await redeemed(bank, keys, CODE)
    (shown,) = await codes_shown(bank, keys, row)
    (code,) = await codes_of(bank, row.right_id)
    held = code.redemption_id
    code.redemption_id = new_id()
    await bank.flush()
    with pytest.raises(QrInvalid):
        await use(bank, keys, qr=shown.qr)
    code.redemption_id = held
    await bank.flush()


async def test_a_code_whose_holder_is_not_known_is_refused(bank: AsyncSession, keys: KeyRing) -> None:
    row = await redeemed(bank, keys, CODE)
    (code,) = await codes_of(bank, row.right_id)
    code.customer_id = None
    await bank.flush()
    assert type(await refusal_of_use(bank, keys, CODE)) is CodeNotValid
    code.customer_id = row.customer_id
    await bank.flush()


async def test_a_redemption_that_is_fulfilled_already_is_not_fulfilled_again(bank: AsyncSession, keys: KeyRing) -> None:
    row = await redeemed(bank, keys, CODE)
    await end_as(bank, row, RedemptionState.FULFILLED)
    refusal = await refusal_of_use(bank, keys, CODE)
    assert (type(refusal), refusal.facts) == (StateConflict, {"from": "fulfilled", "to": "fulfilled"})


async def test_v2_an_unknown_a_free_and_a_void_code_are_refused_alike(bank: AsyncSession, keys: KeyRing) -> None:
    await add_pool(bank, keys, ["free-code-1"])
    row = await redeemed(bank, keys, CODE)
    await give_up(bank, row)
    answers = [await refusal_of_use(bank, keys, code) for code in ("never-seen", "free-code-1", CODE)]
    assert [(type(answer), answer.facts) for answer in answers] == [(CodeNotValid, {})] * 3


async def refusal_of_use(session: AsyncSession, keys: KeyRing, code: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        async with session.begin_nested():
            await use(session, keys, code=code)
    return caught.value


async def test_a_code_that_any_pool_knows_is_not_added_again(bank: AsyncSession, keys: KeyRing) -> None:
    await add_pool(bank, keys, ["AB0C1234EF"])
    other = await add_pool(bank, keys, ["other-code"])
    assert await sent(bank, keys, other, ["ab oc 1234 ef", "OTHERC0DE", "new-code-1", "NEW CODE 1"]) == 1
    assert len(await codes_of(bank, other)) == 2


async def test_generated_codes_are_all_new(bank: AsyncSession, keys: KeyRing) -> None:
    right = await add_pool(bank, keys, [])
    added = await generate_codes(bank, actor=OPERATOR, keys=keys, right_id=right, count=200)
    assert (added, len(await codes_of(bank, right))) == (200, 200)


async def sent(session: AsyncSession, keys: KeyRing, right: UUID, codes: list[str]) -> int:
    return await add_codes(session, actor=OPERATOR, keys=keys, right_id=right, codes=codes)


async def test_a_batch_takes_a_lock_for_each_redemption_and_a_few_statements_for_all(
    bank: AsyncSession, keys: KeyRing
) -> None:
    customer = await add_customer_with(bank, 10_000)
    codes = [f"MANY-{number:04}" for number in range(24)]
    right = await add_pool(bank, keys, codes)
    for _ in codes:
        await take(bank, customer, right)

    async def statements_of(batch: list[str]) -> int:
        requests = [UseRequest(code=code, at=NOON, reference=code) for code in batch]
        with statements() as run, clock.fixed_at(NOON + timedelta(minutes=1)):
            results = await use_batch(bank, actor=TERMINAL, keys=keys, requests=requests)
        assert all(isinstance(one, CodeUse) and one.redemption.state == "fulfilled" for one in results)
        return len(run)

    few, many = await statements_of(codes[:4]), await statements_of(codes[4:])
    assert many - few == 20 - 4
    assert few <= 20
    assert {code.used_at for code in await codes_of(bank, right)} == {NOON}
