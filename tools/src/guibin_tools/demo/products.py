"""The demo bank's products: every class of the product table, each product sold by one line."""

from guibin.core.lines import Line
from guibin_tools.bank_data import ProductData

_AC, _PF, _CC = Line.AGRI_CREDIT, Line.PERSONAL_FINANCE, Line.CREDIT_CARD
_EF, _CR, _SE, _CI = Line.E_FINANCE, Line.CONSUMER_CREDIT, Line.SMALL_ENTERPRISE, Line.CORPORATE_INDIVIDUAL

PRODUCTS: tuple[ProductData, ...] = (
    ProductData("AC101", _AC, "deposits", "asset", "惠农活期存款", "Farmers' demand deposit", 1),
    ProductData("AC102", _AC, "deposits", "asset", "惠农定期存款", "Farmers' time deposit", 1),
    ProductData("AC103", _AC, "insurance", "asset", "惠农养老年金", "Farmers' annuity", 2),
    ProductData("AC201", _AC, "micro_loans", "liability", "农户小额贷款", "Farm household micro loan"),
    ProductData("AC202", _AC, "micro_loans", "liability", "农机具购置贷款", "Farm machinery loan"),
    ProductData("PF101", _PF, "deposits", "asset", "个人活期存款", "Demand deposit", 1),
    ProductData("PF102", _PF, "deposits", "asset", "个人定期存款", "Time deposit", 1),
    ProductData("PF103", _PF, "certificate_of_deposit", "asset", "个人大额存单", "Certificate of deposit", 1),
    ProductData("PF201", _PF, "wealth_management", "asset", "稳享理财", "Steady wealth product", 2),
    ProductData("PF202", _PF, "wealth_management", "asset", "进取理财", "Growth wealth product", 3),
    ProductData("PF203", _PF, "wealth_management", "asset", "贵宾专享理财", "Wealth product for VIP customers", 2),
    ProductData("PF301", _PF, "structured", "asset", "黄金挂钩结构性存款", "Gold-linked structured deposit", 2),
    ProductData("PF401", _PF, "fund", "asset", "货币基金", "Money market fund", 1),
    ProductData("PF402", _PF, "fund", "asset", "混合型基金", "Balanced fund", 4),
    ProductData("PF501", _PF, "insurance", "asset", "两全分红保险", "Endowment insurance", 2),
    ProductData("PF601", _PF, "bullion", "asset", "积存金", "Gold accumulation", 3),
    ProductData("PF701", _PF, "bond", "asset", "储蓄国债", "Savings bond", 1),
    ProductData("PF801", _PF, "trust", "asset", "家族信托", "Family trust", 4),
    ProductData("PF901", _PF, "custody", "asset", "资产托管", "Assets in custody", None, 0),
    ProductData("CC101", _CC, "cards", "liability", "标准信用卡", "Standard credit card"),
    ProductData("CC102", _CC, "cards", "liability", "白金信用卡", "Platinum credit card"),
    ProductData("CC103", _CC, "cards", "liability", "钻石信用卡", "Diamond credit card"),
    ProductData("EF101", _EF, "e_channels", "asset", "手机银行", "Mobile banking"),
    ProductData("EF102", _EF, "e_channels", "asset", "数字钱包", "Digital wallet", 1),
    ProductData("EF201", _EF, "aggregate_payment", "asset", "聚合收款(个人商户)", "Merchant acquiring for traders"),
    ProductData("EF301", _EF, "fund", "asset", "线上现金宝", "Online cash fund", 1),
    ProductData("CR101", _CR, "micro_loans", "liability", "个人消费贷款", "Consumer loan"),
    ProductData("CR102", _CR, "micro_loans", "liability", "家装分期", "Home improvement instalments"),
    ProductData("SE101", _SE, "deposits", "asset", "企业结算账户", "Settlement account", 1),
    ProductData("SE102", _SE, "deposits", "asset", "企业定期存款", "Company time deposit", 1),
    ProductData("SE103", _SE, "aggregate_payment", "asset", "聚合收款(企业)", "Merchant acquiring for companies"),
    ProductData("SE201", _SE, "merchant_loans", "liability", "商户经营贷款", "Merchant loan"),
    ProductData("SE202", _SE, "micro_loans", "liability", "小微信用贷款", "Micro enterprise loan"),
    ProductData("CI101", _CI, "deposits", "asset", "代发工资账户", "Payroll account", 1),
    ProductData("CI102", _CI, "wealth_management", "asset", "员工专属理财", "Wealth product for employees", 2),
)
"""Codes are stable; the first asset product of a line is the account that everyone in the line has."""
