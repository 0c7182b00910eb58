"""Somebody else whom a redemption serves, as customers write and read it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from customer_api.sessions.schemas import MobilePhone
from guibin.core.text import OneLine
from guibin.rights.service import Person
from guibin.security.masking import CertificateNo, PersonName, Phone
from guibin.web import OutModel, StrictModel


class BeneficiaryIn(StrictModel):
    """Somebody else who is served. Kept encrypted, passed to the supplier, and deleted some days after the end."""

    name: Annotated[str, OneLine(40)] = Field(examples=["王小明"])
    phone: MobilePhone = Field(description="A mobile number of 11 digits")
    certificate_no: Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9A-Za-z]{6,20}$")] | None = Field(
        default=None, description="Where the right asks for it", examples=["310101198307190017"]
    )
    consent: Literal[True] = Field(description="I declare that this person agrees")

    def person(self) -> Person:
        """Return the command's person."""
        certificate = None if self.certificate_no is None else CertificateNo(self.certificate_no.upper())
        return Person(PersonName(self.name), Phone(self.phone), certificate)


class BeneficiaryOut(OutModel):
    """Whom it serves, masked."""

    name: str = Field(examples=["王**"])
    phone: str = Field(examples=["138****8000"])

    @classmethod
    def of(cls, person: Person) -> "BeneficiaryOut":
        """Describe a person."""
        return cls(name=person.name.masked(), phone=person.phone.masked())
