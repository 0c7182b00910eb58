"""Both sides agree on a statement: the supplier by a letter, ours by a second person. Then it is frozen."""

from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.errors import StateConflict
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.core import clock
from guibin.core.errors import VersionConflict
from guibin.core.money import format_cny
from guibin.security.actors import Actor, Domain
from guibin.suppliers.models import Supplier
from guibin.suppliers.repository.suppliers import get_supplier
from guibin.suppliers.settlements import repository
from guibin.suppliers.settlements.errors import DifferencesOpen, SettlementFrozen, StatementMissing
from guibin.suppliers.settlements.models import Settlement, SettlementDifference, SettlementState
from guibin.suppliers.settlements.rules import DisputeState, Figures, LineKind, drawn_down, settled, tax_lines


async def submit_settlement(
    session: AsyncSession, *, actor: Actor, settlement: Settlement, supplier_reference: str, supplier_agreed_on: date
) -> Approval:
    """Submit a statement on which the supplier has agreed by a letter; approval freezes it.

    Raises:
        SettlementFrozen: it is submitted or confirmed.
        StatementMissing: nothing of the supplier was laid beside it.
        DifferencesOpen: some differences are not decided.
    """
    if settlement.state != SettlementState.DRAFT:
        raise SettlementFrozen(state=settlement.state)
    if settlement.statement_no == 0:
        raise StatementMissing
    counts = await repository.count_differences(session, settlement)
    opened = sum(count for (_, state), count in counts.items() if state == DisputeState.OPEN)
    if opened:
        raise DifferencesOpen(open=opened)
    supplier = await get_supplier(session, settlement.supplier_id)
    gross = settlement.gross_fen + sum(
        _change(row) for row, _ in await repository.list_differences(session, settlement)
    )
    await repository.change_settlement(
        session,
        settlement,
        state=SettlementState.SUBMITTED,
        supplier_reference=supplier_reference,
        supplier_agreed_on=supplier_agreed_on,
    )
    return await approvals.submit(
        session,
        actor=actor,
        kind=SettlementHandler.kind,
        domain=SettlementHandler.domain,
        subject=f"{supplier.code}:{settlement.month:%Y-%m}",
        payload={"settlement_id": str(settlement.id), "supplier_id": str(supplier.id), "month": str(settlement.month)},
        preview=await _preview(session, supplier, settlement, counts, gross) | {"letter": supplier_reference},
        cost_fen=max(gross, 0),
    )


async def _preview(
    session: AsyncSession,
    supplier: Supplier,
    settlement: Settlement,
    counts: Mapping[tuple[str, str], int],
    gross_fen: int,
) -> dict[str, object]:
    prepaid = await repository.prepaid_balance(session, supplier_id=supplier.id) if supplier.prepaid else 0
    return {
        "supplier": supplier.code,
        "month": f"{settlement.month:%Y-%m}",
        "lines": settlement.lines,
        "equal": settlement.equal_lines,
        "differences": {f"{finding}:{state}": count for (finding, state), count in sorted(counts.items())},
        "before": format_cny(settlement.gross_fen),
        "amount": format_cny(gross_fen),
        "prepaid": format_cny(drawn_down(prepaid, gross_fen)),
    }


def _figures(quantity: int | None, price_fen: int | None) -> Figures | None:
    return None if quantity is None or price_fen is None else Figures(quantity, price_fen)


def _change(row: SettlementDifference) -> int:
    ours, theirs = _figures(row.quantity, row.price_fen), _figures(row.their_quantity, row.their_price_fen)
    return settled(ours, theirs, DisputeState(row.state))


def _lines_of(row: SettlementDifference, day: date, tax_rate_bp: int) -> Iterator[dict[str, Any]]:
    """Yield what a dispute that went their way changes: ours taken out, theirs put in."""
    if row.state != DisputeState.THEIRS or row.right_id is None:
        return
    ours, theirs = _figures(row.quantity, row.price_fen), _figures(row.their_quantity, row.their_price_fen)
    for figures, sign in ((ours, -1), (theirs, 1)):
        if figures is not None:
            yield {
                "kind": LineKind.DISPUTE,
                "redemption_id": row.redemption_id,
                "right_id": row.right_id,
                "day": day,
                "quantity": sign * figures.quantity,
                "price_fen": figures.price_fen,
                "tax_rate_bp": tax_rate_bp,
            }


class SettlementHandler(ApprovalHandler):
    """Freezes an approved statement, with what the disputes came to, and draws down the prepayment."""

    kind = "supplier.settlement"
    domain = Domain.RIGHTS
    title = Label("供应商结算确认", "Settlement with a supplier")
    labels = MappingProxyType(
        {
            "supplier": Label("供应商", "Supplier"),
            "month": Label("月份", "Month"),
            "lines": Label("我方行数", "Lines of ours"),
            "equal": Label("一致行数", "Lines that are equal"),
            "differences": Label("差异及处理", "Differences, and whose figure counts"),
            "before": Label("我方金额（元）", "Our amount in CNY"),
            "amount": Label("结算金额（元）", "Settled amount in CNY"),
            "prepaid": Label("由预付款支付（元）", "Paid by the prepayment in CNY"),
            "letter": Label("供应商确认函编号", "Letter of the supplier"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, Any], *, context: ApprovalContext) -> None:
        """Freeze the statement.

        Raises:
            StateConflict: it was given back meanwhile.
            VersionConflict: another statement draws on the prepayment right now.
        """
        settlement = await _submitted(session, payload)
        if settlement is None:
            raise StateConflict(**{"from": SettlementState.DRAFT, "to": SettlementState.CONFIRMED})
        supplier = await get_supplier(session, settlement.supplier_id)
        await _add_disputes(session, settlement, supplier.tax_rate_bp)
        sums = await repository.sum_lines(session, settlement_id=settlement.id)
        now = clock.now()
        balance = await repository.prepaid_balance(session, supplier_id=supplier.id) if supplier.prepaid else 0
        drawn = drawn_down(balance, sums.gross_fen)
        await repository.change_settlement(
            session,
            settlement,
            state=SettlementState.CONFIRMED,
            lines=sums.lines,
            quantity=sums.quantity,
            gross_fen=sums.gross_fen,
            prepaid_fen=drawn,
            confirmed_at=now,
        )
        if drawn and not await repository.draw_prepayment(
            session, settlement=settlement, amount_fen=drawn, actor_id=context.maker_id, at=now
        ):
            raise VersionConflict

    async def give_back(self, session: AsyncSession, payload: Mapping[str, Any]) -> None:
        """Make a draft of it again."""
        settlement = await _submitted(session, payload)
        if settlement is not None:
            await repository.change_settlement(session, settlement, state=SettlementState.DRAFT)


async def _submitted(session: AsyncSession, payload: Mapping[str, Any]) -> Settlement | None:
    found = await repository.find_settlement(
        session, supplier_id=UUID(payload["supplier_id"]), month=date.fromisoformat(payload["month"])
    )
    same = found is not None and str(found.id) == payload["settlement_id"] and found.state == SettlementState.SUBMITTED
    return found if same else None


async def _add_disputes(session: AsyncSession, settlement: Settlement, tax_rate_bp: int) -> None:
    lines = {line.number: line for line, _, _ in await repository.list_lines(session, settlement)}
    rows: list[dict[str, Any]] = []
    for row, _ in await repository.list_differences(session, settlement, state=DisputeState.THEIRS):
        ours = lines.get(row.line or 0)
        day, rate = (ours.day, ours.tax_rate_bp) if ours else (settlement.month, tax_rate_bp)
        rows += _lines_of(row, day, rate)
    first = max(lines, default=0) + 1
    numbered = [{**row, "settlement_id": settlement.id, "number": first + place} for place, row in enumerate(rows)]
    await repository.insert_lines(session, numbered)


async def tax_of(session: AsyncSession, settlement: Settlement) -> list[Any]:
    """Return what a statement comes to by tax rate, tax reckoned once for each."""
    return tax_lines(await repository.sum_by_rate(session, settlement_id=settlement.id))


SETTLEMENT_HANDLER: Final = SettlementHandler()
