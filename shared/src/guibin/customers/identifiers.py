"""How names, certificates, phones and customer numbers are written before they are compared, stored or searched for.

Sources: GB 11643 (identity cards), GB 32100 (unified social credit codes), the feeds' edges of the API contract.
"""

import re
import unicodedata
from datetime import date
from typing import Final

from guibin.customers.models import CertificateType, Gender

_MIDDLE_DOTS: Final = str.maketrans(dict.fromkeys("•‧∙⋅●・᛫", "·"))
_BLANKS: Final = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+")

_CARD: Final = re.compile(r"\d{17}[\dX]", re.ASCII)
_OLD_CARD: Final = re.compile(r"\d{15}", re.ASCII)
_CARD_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CARD_CHECKS: Final = "10X98765432"
_FIRST_BIRTH_YEAR: Final = 1900

_CREDIT_CODE: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")
_CODE_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)

_OTHER_CERTIFICATE: Final = re.compile(r"[0-9A-Z\u4e00-\u9fff()/.-]{4,40}")
_NUMBER: Final = re.compile(r"[0-9A-Z_.-]{1,64}")
_PHONE_PUNCTUATION: Final = re.compile(r"[\s().-]+")
_COUNTRY: Final = re.compile(r"(?:\+86|0086|86(?=1[3-9]\d{9}$))", re.ASCII)
_PHONE: Final = re.compile(r"\+?\d{5,15}", re.ASCII)

_SEQUENCE: Final = "01234567890123456789012345678901234567890123456789"
_TEST_WORDS: Final = frozenset({"TEST", "NULL", "NONE", "NA", "N/A", "UNKNOWN", "ABC", "无", "未知", "测试"})


def normalise_name(name: str) -> str:
    """Write a name as it is compared: NFKC, no blanks, Latin letters in upper case, one kind of middle dot."""
    plain = _BLANKS.sub("", unicodedata.normalize("NFKC", name)).upper()
    # Without its blanks, or in capitals, a text can be composed further.
    return _BLANKS.sub("", unicodedata.normalize("NFKC", plain)).translate(_MIDDLE_DOTS)


def normalise_number(number: str) -> str | None:
    """Write a customer number as it is compared; None when it is none (other characters, or longer than 64)."""
    text = _compact(number)
    return text if _NUMBER.fullmatch(text) else None


def normalise_phone(phone: str) -> str | None:
    """Write a phone as digits without blanks, punctuation and +86; None when it is no phone."""
    text = _COUNTRY.sub("", _PHONE_PUNCTUATION.sub("", unicodedata.normalize("NFKC", phone)), count=1)
    return text.removeprefix("+") if _PHONE.fullmatch(text) else None


def normalise_certificate(kind: CertificateType, number: str, *, on: date) -> str | None:
    """Write a certificate number as it is compared: upper case, 15-digit identity cards as 18 digits.

    Returns None when the number cannot be one of its kind: wrong form, wrong check digit, or (identity cards) born
    before 1900 or after `on`.
    """
    text = _compact(number)
    if kind is CertificateType.ID_CARD:
        return _identity_card(text, on)
    if kind is CertificateType.BUSINESS_LICENCE and _CREDIT_CODE.fullmatch(text):
        return text if text[-1] == credit_code_check(text[:-1]) else None
    return text if _OTHER_CERTIFICATE.fullmatch(text) else None


def card_check_digit(first_17: str) -> str:
    """Compute the 18th character of an identity card (ISO 7064 MOD 11-2)."""
    return _CARD_CHECKS[sum(int(digit) * weight for digit, weight in zip(first_17, _CARD_WEIGHTS, strict=True)) % 11]


def credit_code_check(first_17: str) -> str:
    """Compute the 18th character of a unified social credit code (modulo 31)."""
    total = sum(_CODE_ALPHABET.index(char) * weight for char, weight in zip(first_17, _CODE_WEIGHTS, strict=True))
    return _CODE_ALPHABET[-total % 31]


def born_by_card(card: str) -> date | None:
    """Read the day of birth in an 18-digit identity card; None when there is no such day."""
    try:
        return date(int(card[6:10]), int(card[10:12]), int(card[12:14]))
    except ValueError:
        return None


def gender_by_card(card: str) -> Gender:
    """Read the gender in an 18-digit identity card."""
    return Gender.MALE if int(card[16]) % 2 else Gender.FEMALE


def is_blocked(value: str) -> bool:
    """Tell whether a normalised number is filler that many records share: one repeated digit, a run, a test word."""
    core = value.lstrip("0")
    if len(set(value)) <= 1 or core in {"", "X"} or value in _TEST_WORDS:
        return True
    return len(value) >= 6 and (value in _SEQUENCE or value[::-1] in _SEQUENCE)  # noqa: PLR2004 - shorter runs are real numbers


def _identity_card(text: str, on: date) -> str | None:
    if _OLD_CARD.fullmatch(text):
        first_17 = f"{text[:6]}19{text[6:]}"
        text = first_17 + card_check_digit(first_17)
    if not _CARD.fullmatch(text) or text[-1] != card_check_digit(text[:-1]):
        return None
    born = born_by_card(text)
    return text if born is not None and born.year >= _FIRST_BIRTH_YEAR and born <= on else None


def _compact(text: str) -> str:
    return _BLANKS.sub("", unicodedata.normalize("NFKC", text)).upper()
