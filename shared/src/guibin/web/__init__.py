"""The HTTP kit of both services: what routers and applications are made of."""

from guibin.web.app import create_port
from guibin.web.bodies import SignedBody, json_body, signed_body
from guibin.web.call import AnyCall, Call, CustomerCall, ServiceCall, StaffCall, Visit, VisitorCall, set_etag
from guibin.web.checks import StartRefused
from guibin.web.declaration import (
    BodyLimit,
    DataClass,
    Idempotency,
    RateClass,
    anyone_of,
    customer,
    declare,
    public,
    service,
    staff,
)
from guibin.web.direct import DirectCall
from guibin.web.freshness import FreshnessOut, StaleLineOut
from guibin.web.paging import Page, PageRequest, page_query
from guibin.web.parameters import Day, Instant, check_range
from guibin.web.route import PortRoute, PortRouter
from guibin.web.schemas import OutModel, StrictModel
from guibin.web.token_sources import TokenSource
from guibin.web.uploads import Upload, upload_body

__all__ = [
    "AnyCall",
    "BodyLimit",
    "Call",
    "CustomerCall",
    "DataClass",
    "Day",
    "DirectCall",
    "FreshnessOut",
    "Idempotency",
    "Instant",
    "OutModel",
    "Page",
    "PageRequest",
    "PortRoute",
    "PortRouter",
    "RateClass",
    "ServiceCall",
    "SignedBody",
    "StaffCall",
    "StaleLineOut",
    "StartRefused",
    "StrictModel",
    "TokenSource",
    "Upload",
    "Visit",
    "VisitorCall",
    "anyone_of",
    "check_range",
    "create_port",
    "customer",
    "declare",
    "json_body",
    "page_query",
    "public",
    "service",
    "set_etag",
    "signed_body",
    "staff",
    "upload_body",
]
