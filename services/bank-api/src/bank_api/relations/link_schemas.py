"""What the bank port takes and says of links between persons and companies."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from bank_api.customers.views import shown_name, view_of
from guibin.core.ids import CustomerId, LinkId, StaffId
from guibin.core.lines import Line
from guibin.core.text import Note
from guibin.customers.models import PartyType
from guibin.customers.personal import identity_of
from guibin.relations.models import LinkKind
from guibin.relations.parties import Party
from guibin.relations.service.links import LinkView, NewLink
from guibin.security.ciphers import KeyRing
from guibin.web import Day, OutModel, StrictModel

EXAMPLE: dict[str, Any] = {
    "kind": "legal_representative",
    "other_id": "cus_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4",
    "valid_from": "2025-03-01",
    "reason": "营业执照登记的法定代表人",
}


class LinkIn(StrictModel):
    """What the customer is to another, from when on, and how the bank knows."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    kind: LinkKind = Field(description="Owners, representatives, heads of finance and employees are so of a company")
    other_id: CustomerId = Field(description="Of whom; in your scope too")
    valid_from: Day | None = Field(default=None, description="Today where it is left out")
    valid_to: Day | None = Field(default=None, description="First day without it; null while it lasts")
    reason: Annotated[str, Note(200)] | None = Field(default=None, examples=["营业执照登记的法定代表人"])

    def new(self) -> NewLink:
        """Return what the domain takes."""
        return NewLink(self.kind, self.other_id, self.valid_from, self.valid_to, self.reason)


class LinkEndIn(StrictModel):
    """Since when the link is no more, and how the bank knows."""

    valid_to: Day | None = Field(default=None, description="First day without it; today where it is left out")
    reason: Annotated[str, Note(200)] | None = Field(default=None, examples=["工商登记已变更法定代表人"])


class PartyOut(OutModel):
    """Another customer: out of your scope only what kind of party it is, and a masked name."""

    id: CustomerId | None = Field(description="Null when it is out of your scope")
    party_type: PartyType
    name: str | None = Field(examples=["王*明"])

    @classmethod
    def of(cls, party: Party, keys: KeyRing, roles: Collection[str]) -> "PartyOut":
        """Describe a customer for somebody with these roles."""
        customer = party.customer
        return cls(
            id=customer.id if party.in_scope else None,
            party_type=PartyType(customer.party_type),
            name=shown_name(identity_of(keys, customer), view_of(roles, is_primary=False)),
        )


class LinkOut(OutModel):
    """How the customer stands to another."""

    id: LinkId
    kind: LinkKind
    is_holder: bool = Field(description="True: the customer is the owner, employee ...; false: the other one is")
    party: PartyOut
    valid_from: date
    valid_to: date | None = Field(description="First day without it; null while it lasts")
    set_by: StaffId
    set_at: datetime
    line: Line | None = Field(description="Whose files say it; null: a person does")

    @classmethod
    def of(cls, view: LinkView, keys: KeyRing, roles: Collection[str]) -> "LinkOut":
        """Describe a link for somebody with these roles."""
        link = view.link
        return cls(
            id=link.id,
            kind=LinkKind(link.kind),
            is_holder=view.is_holder,
            party=PartyOut.of(view.party, keys, roles),
            valid_from=link.valid_from,
            valid_to=link.valid_to,
            set_by=link.set_by,
            set_at=link.set_at,
            line=None if link.line is None else Line(link.line),
        )


class LinksOut(OutModel):
    """How a customer stands to others on a day."""

    customer_id: CustomerId
    as_of: date
    items: list[LinkOut]
