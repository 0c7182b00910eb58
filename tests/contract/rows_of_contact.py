"""The rows of the bad-input catalogue for the routes of the contact policy (see `rows_of_routes.py`)."""

from typing import Final

CONTACT_ROUTES: Final[dict[str, tuple[str, ...]]] = {
    "checkContacts": ("M1",),
    "checkMessage": (),
    "reserveContact": ("M1", "F7"),
    "markContactSent": ("M1", "R10"),
    "releaseContact": ("M1", "R10"),
    "listCustomerContacts": ("M1",),
    "reportContactSuppressions": (),
    "getContactPolicy": (),
    "listContactPolicyVersions": (),
    "changeContactPolicy": ("Q1", "Q7"),
    "submitContactAllowance": ("M1", "Q1", "E8"),
    "getCustomerContactPreference": ("M1",),
    "putCustomerContactPreference": ("M1",),
    "orderCall": ("M1",),
    "getCall": ("M1",),
    "listCustomerCalls": ("M1",),
    "receiveCallEnd": ("C1", "C3", "C4", "C5"),
    "getMyContactPreferences": (),
    "putMyContactPreferences": (),
}
