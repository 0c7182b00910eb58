"""The seven business lines of a bank, in the order in which their word counts when records disagree."""

from enum import StrEnum


class Line(StrEnum):
    """A business line (业务条线)."""

    PERSONAL_FINANCE = "personal_finance"
    AGRI_CREDIT = "agri_credit"
    CREDIT_CARD = "credit_card"
    CONSUMER_CREDIT = "consumer_credit"
    E_FINANCE = "e_finance"
    SMALL_ENTERPRISE = "small_enterprise"
    CORPORATE_INDIVIDUAL = "corporate_individual"
