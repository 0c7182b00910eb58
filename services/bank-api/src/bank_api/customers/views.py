"""How much of a customer a caller sees: by role, and in full by the customer's primary manager alone."""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from guibin.customers.personal import Identity
from guibin.security.masking import HIDDEN

_HIDDEN_NAME: Final = "*"
_AUDITOR: Final = "auditor"
_YUAN: Final = 100
_BANDS: Final = (
    (50_000, "under_50k"),
    (200_000, "50k_200k"),
    (1_000_000, "200k_1m"),
    (2_000_000, "1m_2m"),
    (6_000_000, "2m_6m"),
    (10_000_000, "6m_10m"),
)
_TOP_BAND: Final = "10m_and_more"


class View(StrEnum):
    """What a caller may read of one customer."""

    FULL_NAME = "full_name"
    MASKED = "masked"
    HIDDEN = "hidden"


def view_of(roles: Collection[str], *, is_primary: bool) -> View:
    """Return the view of a member of staff; auditors see that there is something, and not what."""
    if is_primary:
        return View.FULL_NAME
    return View.HIDDEN if set(roles) == {_AUDITOR} else View.MASKED


def shown_name(identity: Identity, view: View) -> str | None:
    """Return the name for a view."""
    if identity.name is None:
        return None
    if view is View.HIDDEN:
        return _HIDDEN_NAME
    return identity.name.value if view is View.FULL_NAME else identity.name.masked()


def shown_phone(identity: Identity, view: View) -> str | None:
    """Return the phone for a view: never in full."""
    if identity.phone is None:
        return None
    return HIDDEN if view is View.HIDDEN else identity.phone.masked()


def shown_certificate(identity: Identity, view: View) -> str | None:
    """Return the certificate number for a view: never in full."""
    if identity.certificate_no is None:
        return None
    return HIDDEN if view is View.HIDDEN else identity.certificate_no.masked()


def shown_birthday(identity: Identity, view: View) -> str | None:
    """Return the birthday as MM-DD."""
    hidden = view is View.HIDDEN or identity.birth_date is None
    return None if hidden or identity.birth_date is None else identity.birth_date.strftime("%m-%d")


def band_of(fen: int | None, view: View) -> str | None:
    """Return the band in which an amount lies; None when it is unknown or not for this view."""
    if fen is None or view is View.HIDDEN:
        return None
    return next((name for bound, name in _BANDS if fen < bound * _YUAN), _TOP_BAND)


def exact(fen: int | None, view: View) -> int | None:
    """Return an amount in fen for those who may see it."""
    return fen if view is View.FULL_NAME else None
