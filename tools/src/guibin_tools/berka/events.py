"""What a transaction of the Czech bank is called among the business events."""

from guibin_tools.berka.files import Transaction

Words = tuple[str, str, str, str]
"""Event type, merchant category, channel, inflow class."""

_BY_PURPOSE: dict[str, Words] = {
    "household": ("payment", "household", "", ""),
    "insurrance payment": ("insurance_premium", "", "", ""),
    "interest credited": ("other", "", "", "other"),
    "payment for statement": ("other", "", "", ""),
    "sanction interest if negative balance": ("other", "", "", ""),
}
"""By the purpose, one of which the publishers misspelt."""

_BY_OPERATION: dict[str, Words] = {
    "credit in cash": ("deposit", "", "counter", "other"),
    "collection from another bank": ("transfer_in", "", "", "other"),
    "withdrawal in cash": ("withdrawal", "", "counter", ""),
    "credit card withdrawal": ("withdrawal", "", "atm", ""),
    "remittance to another bank": ("transfer_out", "", "", ""),
}


def event_words(row: Transaction) -> Words:
    """Return the words of a transaction: its purpose decides, else its operation, else it is `other`."""
    fallback = ("other", "", "", "other" if row.credit else "")
    return _BY_PURPOSE.get(row.purpose) or _BY_OPERATION.get(row.operation) or fallback
