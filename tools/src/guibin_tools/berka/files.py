"""Reads the bank's files as they are published: semicolons, quoted text, dates YYMMDD of the twentieth century."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from guibin.core.money import parse_cny
from guibin_tools.errors import OperatorError

T = TypeVar("T")
Row = dict[str, str]

_WOMENS_MONTH = 50


class UnreadableBankFileError(OperatorError):
    """A file is missing, lacks a column or has a value that is none of its kind."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client and what the birth number says: women have 50 added to the month. It identifies nobody."""

    client_id: int
    born: date
    male: bool
    district: int


@dataclass(frozen=True, slots=True)
class Account:
    """An account, its branch (a district) and the day it was opened."""

    account_id: int
    district: int
    opened: date


@dataclass(frozen=True, slots=True)
class Disposition:
    """A client's right over an account: as its owner, or as a disponent who may operate it."""

    disposition_id: int
    client_id: int
    account_id: int
    owner: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A card issued on a disposition."""

    card_id: int
    disposition_id: int
    kind: str
    issued: date


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan: amount and monthly payment in hundredths of a koruna, months, and how it stood at the end of 1998."""

    loan_id: int
    account_id: int
    granted: date
    amount: int
    months: int
    payment: int
    status: str


@dataclass(frozen=True, slots=True)
class Order:
    """A standing order on an account and its purpose; it has no date."""

    order_id: int
    account_id: int
    purpose: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """A movement on an account: a positive amount in hundredths, and whether it came in."""

    transaction_id: int
    account_id: int
    day: date
    credit: bool
    operation: str
    purpose: str
    amount: int


@dataclass(frozen=True, slots=True)
class District:
    """A district with its region."""

    district: int
    name: str
    region: str


@dataclass(frozen=True, slots=True)
class BankFiles:
    """All of the bank's files, as rows in their own order."""

    clients: list[Client]
    accounts: list[Account]
    dispositions: list[Disposition]
    cards: list[Card]
    loans: list[Loan]
    orders: list[Order]
    transactions: list[Transaction]
    districts: list[District]


def read_files(folder: Path) -> BankFiles:
    """Read the eight files of the bank.

    Raises:
        UnreadableBankFileError: names the file, and the line where there is one.
    """
    return BankFiles(
        clients=_read(folder / "client.asc", _client),
        accounts=_read(folder / "account.asc", _account),
        dispositions=_read(folder / "disp.asc", _disposition),
        cards=_read(folder / "card.asc", _card),
        loans=_read(folder / "loan.asc", _loan),
        orders=_read(folder / "order.asc", _order),
        transactions=_read(folder / "trans_sample.csv", _transaction),
        districts=_read(folder / "district.asc", _district),
    )


def _read(path: Path, make: Callable[[Row], T]) -> list[T]:
    rows: list[T] = []
    try:
        with path.open(encoding="ascii", newline="") as file:
            rows.extend(make(row) for row in csv.DictReader(file, delimiter=";"))
    except OSError as error:
        raise UnreadableBankFileError(f"{path.name} cannot be read: {error.strerror}") from None
    except (KeyError, ValueError, TypeError, AttributeError):
        raise UnreadableBankFileError(f"{path.name}: row {len(rows) + 1} is not as the bank published it") from None
    return rows


def read_day(text: str) -> date:
    """Read `YYMMDD`, with or without a time after it, as a day of the twentieth century."""
    return date(1900 + int(text[:2]), int(text[2:4]), int(text[4:6]))


def _amount(text: str) -> int:
    amount = parse_cny(text)
    if amount is None:
        raise ValueError
    return amount


def _client(row: Row) -> Client:
    number = row["birth_number"]
    male = int(number[2:4]) <= _WOMENS_MONTH
    month = int(number[2:4]) - (0 if male else _WOMENS_MONTH)
    return Client(
        int(row["client_id"]), read_day(f"{number[:2]}{month:02d}{number[4:]}"), male, int(row["district_id"])
    )


def _account(row: Row) -> Account:
    return Account(int(row["account_id"]), int(row["district_id"]), read_day(row["date"]))


def _disposition(row: Row) -> Disposition:
    owner = {"OWNER": True, "DISPONENT": False}[row["type"]]
    return Disposition(int(row["disp_id"]), int(row["client_id"]), int(row["account_id"]), owner)


def _card(row: Row) -> Card:
    return Card(int(row["card_id"]), int(row["disp_id"]), row["type"], read_day(row["issued"]))


def _loan(row: Row) -> Loan:
    return Loan(
        int(row["loan_id"]),
        int(row["account_id"]),
        read_day(row["date"]),
        _amount(row["amount"]),
        int(row["duration"]),
        _amount(row["payments"]),
        row["status"],
    )


def _order(row: Row) -> Order:
    return Order(int(row["order_id"]), int(row["account_id"]), row["k_symbol"].strip())


def _transaction(row: Row) -> Transaction:
    return Transaction(
        int(row["trans_id"]),
        int(row["account_id"]),
        read_day(row["date"]),
        row["type"] == "credit",
        row["operation"].strip(),
        row["k_symbol"].strip(),
        _amount(row["amount"]),
    )


def _district(row: Row) -> District:
    return District(int(row["A1"]), row["A2"], row["A3"])
