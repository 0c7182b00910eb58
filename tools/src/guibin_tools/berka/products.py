"""The Czech bank's products, each in the line that would sell it here."""

from guibin.core.lines import Line
from guibin_tools.bank_data import ProductData

ACCOUNT, LOAN = "CZ101", "CZ201"

CARDS = {"junior": "CZ301", "classic": "CZ302", "gold": "CZ303"}
"""Kind of card to product."""

ORDERS = {"SIPO": "CZ401", "UVER": "CZ402", "POJISTNE": "CZ403", "LEASING": "CZ404", "": "CZ409"}
"""Purpose of a standing order to product."""

_CARD, _ONLINE = Line.CREDIT_CARD, Line.E_FINANCE

PRODUCTS: tuple[ProductData, ...] = (
    ProductData(ACCOUNT, Line.PERSONAL_FINANCE, "deposits", "asset", "往来账户", "Current account", 1),
    ProductData(LOAN, Line.CONSUMER_CREDIT, "micro_loans", "liability", "个人贷款", "Personal loan"),
    ProductData("CZ301", _CARD, "cards", "liability", "青少年卡", "Junior card"),
    ProductData("CZ302", _CARD, "cards", "liability", "经典卡", "Classic card"),
    ProductData("CZ303", _CARD, "cards", "liability", "金卡", "Gold card"),
    ProductData("CZ401", _ONLINE, "e_channels", "asset", "代缴家庭账单", "Standing order for household bills"),
    ProductData("CZ402", _ONLINE, "e_channels", "asset", "代还贷款", "Standing order for a loan"),
    ProductData("CZ403", _ONLINE, "e_channels", "asset", "代缴保险费", "Standing order for insurance"),
    ProductData("CZ404", _ONLINE, "e_channels", "asset", "代缴租赁费", "Standing order for leasing"),
    ProductData("CZ409", _ONLINE, "e_channels", "asset", "其他定期转账", "Other standing order"),
)
