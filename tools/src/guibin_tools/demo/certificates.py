"""Certificates and telephone numbers that have the right form and can belong to nobody.

- Identity cards (GB 11643) start with the area code 99: no province has it, and no permanent-residence card either,
  whose second and third digit name a province. The check digit is right, so that a loader takes them.
- Business licences are unified social credit codes (GB 32100) of the same area, with both check characters right.
- Telephone numbers start with 154, a range that is given to no operator, and fit `1[3-9]` and nine digits.
"""

from datetime import date

IMPOSSIBLE_AREA = "99"
UNASSIGNED_RANGE = "154"

MOST_PEOPLE = 5_000_000
"""Numbers are distinct for this many people; beyond it the area digits would repeat."""

_CARD_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CARD_CHECKS = "10X98765432"
_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def card_check_digit(first_17: str) -> str:
    """Compute the 18th character of an identity card (ISO 7064 MOD 11-2, as GB 11643 uses it)."""
    return _CARD_CHECKS[sum(int(digit) * weight for digit, weight in zip(first_17, _CARD_WEIGHTS, strict=True)) % 11]


def id_card_number(index: int, born: date, *, male: bool) -> str:
    """Make the identity card of person `index`: 18 characters, distinct per index, odd sequence for men."""
    area, sequence = divmod(index, 500)
    first_17 = f"{IMPOSSIBLE_AREA}{area:04d}{born:%Y%m%d}{sequence * 2 + male:03d}"
    return first_17 + card_check_digit(first_17)


def organisation_check(first_8: str) -> str:
    """Compute the check character of an organisation code (GB 11714)."""
    total = sum(
        _CODE_ALPHABET.index(char) * weight for char, weight in zip(first_8, _ORGANISATION_WEIGHTS, strict=True)
    )
    return "0X987654321"[total % 11]


def credit_code_check(first_17: str) -> str:
    """Compute the 18th character of a unified social credit code (GB 32100, modulo 31)."""
    total = sum(_CODE_ALPHABET.index(char) * weight for char, weight in zip(first_17, _CODE_WEIGHTS, strict=True))
    return _CODE_ALPHABET[-total % 31]


def business_licence_number(index: int) -> str:
    """Make the unified social credit code of company `index`: registered as an enterprise in an impossible area."""
    organisation = f"9{index:07d}"
    first_17 = f"91{IMPOSSIBLE_AREA}0101{organisation}{organisation_check(organisation)}"
    return first_17 + credit_code_check(first_17)


def phone_number(index: int) -> str:
    """Make the mobile number of person `index`, distinct below 100 million."""
    return f"{UNASSIGNED_RANGE}{index * 61_803_399 % 100_000_000:08d}"
