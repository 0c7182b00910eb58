"""Where the Czech bank's files are, and a small bank of the same form for tests that need none of the real data."""

import os
from pathlib import Path

import pytest

_DEFAULT_FOLDER = Path(__file__).parents[2].parent / "shared/data/berka"

FOLDER = Path(os.environ.get("GUIBIN_BERKA_DIR") or _DEFAULT_FOLDER)

needs_berka = pytest.mark.skipif(
    not (FOLDER / "trans_sample.csv").is_file(), reason="the bank's files are not here: set GUIBIN_BERKA_DIR"
)

HEADERS = {
    "client.asc": '"client_id";"birth_number";"district_id"',
    "account.asc": '"account_id";"district_id";"frequency";"date"',
    "disp.asc": '"disp_id";"client_id";"account_id";"type"',
    "card.asc": '"card_id";"disp_id";"type";"issued"',
    "loan.asc": '"loan_id";"account_id";"date";"amount";"duration";"payments";"status"',
    "order.asc": '"order_id";"account_id";"bank_to";"account_to";"amount";"k_symbol"',
    "trans_sample.csv": "trans_id;account_id;date;type;operation;amount;balance;k_symbol;bank;account",
    "district.asc": "A1;A2;A3;A4;A5;A6;A7;A8;A9;A10;A11;A12;A13;A14;A15;A16",
}
"""The header line of each file, as it is published."""

SMALL_BANK = {
    "client.asc": ['1;"706213";1', '2;"450204";1', '3;"840229";2'],
    "account.asc": ['11;1;"POPLATEK MESICNE";970601', '12;2;"POPLATEK TYDNE";930101'],
    "disp.asc": ['21;1;11;"OWNER"', '22;2;11;"DISPONENT"', '23;3;12;"OWNER"'],
    "card.asc": ['31;21;"gold";980620 00:00:00', '32;23;"junior";971231 00:00:00'],
    "loan.asc": ['41;11;970820;24000;12;2000.00;"A"', '42;12;980131;24000;24;1000.00;"C"'],
    "order.asc": ['51;11;"YZ";"87144583";2452.00;"SIPO"', '52;12;"ST";"89597016";372.70;" "'],
    "trans_sample.csv": [
        "61;11;970601;credit;credit in cash;900.00;900.00;;;",
        "62;11;970705;withdrawal;remittance to another bank;100.50;799.50;household;AB;1",
        "63;11;970810;withdrawal in cash;withdrawal in cash;800.00;-0.50;;;",
        "64;11;970810;credit;collection from another bank;50.00;849.50; ;CD;2",
    ],
    "district.asc": ['1;"Hl.m. Praha";"Prague"' + ";0" * 13, '2;"Benesov";"central Bohemia"' + ";?" * 13],
}
"""Account 11 has transactions, account 12 has none."""


def write_bank(folder: Path, **changed: list[str]) -> Path:
    """Write the small bank; a keyword such as `loan` replaces the rows of that file."""
    folder.mkdir(exist_ok=True)
    for name, rows in SMALL_BANK.items():
        stem, _, ending = name.partition(".")
        lines = [HEADERS[name], *changed.get(stem, rows)]
        end = "\r\n" if ending == "asc" else "\n"
        (folder / name).write_bytes(end.join(lines).encode() + (b"\r\n" if ending == "asc" else b""))
    return folder
