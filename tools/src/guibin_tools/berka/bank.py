"""Maps the Czech bank's files to feeds: parties, holdings, balances and events of four lines."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from guibin.core.lines import Line
from guibin.core.money import format_cny
from guibin_tools.bank_data import FeedSource
from guibin_tools.berka.dates import Shifts, birthday, month_ends, months_later
from guibin_tools.berka.events import event_words
from guibin_tools.berka.files import BankFiles, Client, Loan, Transaction
from guibin_tools.berka.loans import owed, paid_off_on, repayment_days
from guibin_tools.berka.names import client_name
from guibin_tools.berka.organisation import branch_code, city_code
from guibin_tools.berka.products import ACCOUNT, CARDS, LOAN, ORDERS, PRODUCTS
from guibin_tools.feed_writer import FeedWriter

DEFAULT_SCALE = 20
"""Korunas of the nineties to CNY of today: a scale that fills the tiers, not an exchange rate."""

LINES = (Line.PERSONAL_FINANCE, Line.CREDIT_CARD, Line.CONSUMER_CREDIT, Line.E_FINANCE)

_SIDE = {product.code: product.side for product in PRODUCTS}


def map_bank(files: BankFiles, business_date: date, directory: Path, *, scale: int = DEFAULT_SCALE) -> list[FeedSource]:
    """Write the feeds of the bank into an existing directory and list them in loading order.

    Every client is a party of personal finance; owners hold the account, its loans, cards and standing orders; a
    disponent stands beside the account's owner and holds nothing. Amounts are multiplied by `scale`.
    """
    return _Mapping(files, business_date, directory, scale).sources()


class _Mapping:
    def __init__(self, files: BankFiles, business_date: date, directory: Path, scale: int) -> None:
        self._files, self._business_date, self._scale = files, business_date, scale
        self._shifts = Shifts(files.accounts, files.transactions, business_date)
        self._clients = {client.client_id: client for client in files.clients}
        self._accounts = {account.account_id: account for account in files.accounts}
        self._owners = {row.account_id: row.client_id for row in files.dispositions if row.owner}
        days = [self._shifts.shifted(row.account_id, row.day) for row in files.transactions]
        self._first_day = min(days, default=business_date)
        self._writer = FeedWriter(
            directory, LINES, business_date, first_balance=self._first_day, first_event=self._first_day
        )

    def sources(self) -> list[FeedSource]:
        """Map everything; files without rows are left out, but for the one that makes a line's day fresh."""
        self._parties(Line.PERSONAL_FINANCE, ((row.client_id, row.account_id) for row in self._files.dispositions))
        self._map_accounts()
        self._map_transactions()
        self._map_loans()
        self._map_cards()
        self._map_orders()
        return [
            source
            for source in self._writer.close()
            if source.rows or (source.kind, source.business_date) == ("balances", self._business_date)
        ]

    def _parties(self, line: Line, holders: Iterable[tuple[int, int]]) -> None:
        for client_id, account_id in dict(holders).items():
            row = self._party(self._clients[client_id], account_id)
            self._writer.parties[line].rows.append(row)

    def _party(self, client: Client, account_id: int) -> str:
        account = self._accounts[account_id]
        name = client_name(client.client_id, male=client.male)
        born = birthday(client.born, self._business_date).isoformat()
        opened = self._shifts.shifted(account_id, account.opened).isoformat()
        return (
            f"{client.client_id},CZ{client.client_id:08d},person,{name},,,,{born},{'M' if client.male else 'F'},,"
            f"{city_code(client.district)},{branch_code(account.district)},,{opened},active\n"
        )

    def _owned(self, line: Line, account_ids: Iterable[int]) -> None:
        self._parties(line, ((self._owners[account_id], account_id) for account_id in account_ids))

    def _holding(
        self,
        line: Line,
        account_id: int,
        holding_id: str,
        product: str,
        *,
        opened: date,
        closed: date | None = None,
        matures: date | None = None,
        joint: str = "",
    ) -> None:
        self._writer.holdings[line].rows.append(
            f"{self._owners[account_id]},{holding_id},{product},{_SIDE[product]},CNY,{opened},"
            f"{closed or ''},{matures or ''},,,{joint},{'closed' if closed else 'active'}\n"
        )

    def _balances(self, line: Line, holding_id: str, amounts: Iterable[tuple[date, int]]) -> None:
        """Write a row whenever the amount changes and at month ends; amounts come by day, in unscaled hundredths."""
        previous = None
        for day, amount in amounts:
            if amount != previous or month_ends(day, day):
                window = next(w for w, end in enumerate(self._writer.windows) if day <= end)
                row = f"{holding_id},{day},{format_cny(amount * self._scale)}\n"
                self._writer.balances[line][window].rows.append(row)
            previous = amount

    def _map_accounts(self) -> None:
        disponents: dict[int, list[str]] = defaultdict(list)
        for row in self._files.dispositions:
            if not row.owner:
                disponents[row.account_id].append(str(row.client_id))
        for account in self._files.accounts:
            opened = self._shifts.shifted(account.account_id, account.opened)
            joint = "|".join(disponents[account.account_id])
            holding_id = f"A{account.account_id}"
            self._holding(Line.PERSONAL_FINANCE, account.account_id, holding_id, ACCOUNT, opened=opened, joint=joint)

    def _map_transactions(self) -> None:
        of_account: dict[int, list[Transaction]] = defaultdict(list)
        for row in self._files.transactions:
            of_account[row.account_id].append(row)
            self._event(row)
        for account_id, rows in of_account.items():
            self._balances(Line.PERSONAL_FINANCE, f"A{account_id}", self._end_of_days(account_id, rows))

    def _end_of_days(self, account_id: int, rows: list[Transaction]) -> list[tuple[date, int]]:
        """Sum the amounts by day: the rows of one day are in no order that could be trusted."""
        change: dict[date, int] = defaultdict(int)
        for row in rows:
            change[self._shifts.shifted(account_id, row.day)] += row.amount if row.credit else -row.amount
        for day in month_ends(min(change), self._business_date):
            change[day] += 0
        total, amounts = 0, []
        for day in sorted(change):
            total += change[day]
            amounts.append((day, total))
        return amounts

    def _event(self, row: Transaction) -> None:
        kind, category, channel, inflow = event_words(row)
        day = self._shifts.shifted(row.account_id, row.day)
        window = next(w for w, end in enumerate(self._writer.event_windows) if day <= end)
        self._writer.events[Line.PERSONAL_FINANCE][window].rows.append(
            f"T{row.transaction_id},{self._owners[row.account_id]},{kind},{day}T12:00:00+08:00,"
            f"{format_cny(row.amount * self._scale)},{category},{channel},{inflow}\n"
        )

    def _map_loans(self) -> None:
        line = Line.CONSUMER_CREDIT
        self._owned(line, (loan.account_id for loan in self._files.loans))
        for loan in self._files.loans:
            end, moved = self._shifts.end(loan.account_id), self._shifts.moved
            opened, paid_off = self._shifts.shifted(loan.account_id, loan.granted), paid_off_on(loan, end)
            closed = moved(loan.account_id, paid_off) if paid_off else None
            matures = moved(loan.account_id, months_later(loan.granted, loan.months))
            holding_id = f"L{loan.loan_id}"
            self._holding(line, loan.account_id, holding_id, LOAN, opened=opened, closed=closed, matures=matures)
            self._balances(line, holding_id, self._owed_by_day(loan, opened, closed))

    def _owed_by_day(self, loan: Loan, opened: date, closed: date | None) -> list[tuple[date, int]]:
        """List what is owed from the opening, or from the first day of balances, on days of payment and month ends."""
        end, account_id = self._shifts.end(loan.account_id), loan.account_id
        first, last = max(opened, self._first_day), self._business_date
        if closed:
            last = min(last, date.fromordinal(closed.toordinal() - 1))
        due = {self._shifts.moved(account_id, day) for day in repayment_days(loan, end)}
        days = {first, *due, *month_ends(first, last)}
        return [
            (day, owed(loan, self._shifts.back(account_id, day), end)) for day in sorted(days) if first <= day <= last
        ]

    def _map_cards(self) -> None:
        account_of = {row.disposition_id: row.account_id for row in self._files.dispositions}
        self._owned(Line.CREDIT_CARD, (account_of[card.disposition_id] for card in self._files.cards))
        for card in self._files.cards:
            account_id = account_of[card.disposition_id]
            issued = self._shifts.shifted(account_id, card.issued)
            self._holding(Line.CREDIT_CARD, account_id, f"C{card.card_id}", CARDS[card.kind], opened=issued)

    def _map_orders(self) -> None:
        """Map standing orders: they have no date, so they count from the account's opening; they hold no money."""
        line = Line.E_FINANCE
        self._owned(line, (order.account_id for order in self._files.orders))
        for order in self._files.orders:
            opened = self._shifts.shifted(order.account_id, self._accounts[order.account_id].opened)
            holding_id = f"O{order.order_id}"
            self._holding(line, order.account_id, holding_id, ORDERS[order.purpose], opened=opened)
            self._balances(line, holding_id, [(max(opened, self._first_day), 0)])
