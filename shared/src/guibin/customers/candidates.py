"""A customer while the records of a file are being fused: its row, and the personal fields still to be sealed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Self
from uuid import UUID

from guibin.core.bulk import columns_of
from guibin.core.lines import Line
from guibin.customers.models import Gender, PartyStatus
from guibin.customers.personal import FIELDS, seal
from guibin.customers.policy.rules import IdentityPolicy, PolicyField
from guibin.customers.references import name_index, phone_index
from guibin.customers.rules import Party, leads
from guibin.security.ciphers import KeyRing, WrappedKey


@dataclass(frozen=True, slots=True)
class Said:
    """What one record says of its customer; `values` are the personal fields in clear."""

    line: Line
    party_type: str
    gender: str
    values: dict[str, str | None]
    certificate_type: str | None
    city_code: str | None
    branch_id: UUID | None
    opened_on: date | None
    as_of: date
    is_ended: bool = False

    def says(self, field: PolicyField) -> str | None:
        """Return what it says of a field that the bank's policy composes."""
        match field:
            case PolicyField.GENDER:
                return None if self.gender == Gender.UNKNOWN else self.gender
            case PolicyField.CITY_CODE:
                return self.city_code
        return self.values[field]

    @classmethod
    def of_party(cls, party: Party, line: Line, branch_id: UUID | None, *, as_of: date) -> Self:
        """Take it from a row of a parties feed."""
        return cls(
            line=line,
            party_type=party.party_type,
            gender=party.gender,
            values=personal_values(party),
            certificate_type=party.certificate_type,
            city_code=party.city_code,
            branch_id=branch_id,
            opened_on=party.opened_on,
            as_of=as_of,
        )


def personal_values(party: Party) -> dict[str, str | None]:
    """Return the personal fields of a party as text."""
    return {
        "name": party.name,
        "certificate_no": party.certificate_no,
        "phone": party.phone,
        "birth_date": None if party.birth_date is None else party.birth_date.isoformat(),
        "address": party.address,
        "employer": party.employer,
    }


@dataclass(slots=True)
class Candidate:
    """A customer, stored or new. `row` holds its columns; `pending` what will be sealed into them.

    What people hold, `held`, no record changes.
    """

    row: dict[str, Any]
    is_new: bool
    numbered: bool
    pending: dict[str, str] = field(default_factory=dict)
    changed: bool = False
    held: frozenset[PolicyField] = frozenset()

    @property
    def id(self) -> UUID:
        """The customer's id."""
        found: UUID = self.row["id"]
        return found

    @classmethod
    def new(cls, customer_id: UUID, *, line: Line, branch_id: UUID, created_at: datetime) -> Self:
        """Begin a new customer, of whom nothing has been said yet."""
        row: dict[str, Any] = dict.fromkeys(columns_of("customer"))
        row |= {"id": customer_id, "created_at": created_at, "leading_line": line, "branch_id": branch_id}
        row |= {"status": PartyStatus.ACTIVE, "gender": Gender.UNKNOWN}
        return cls(row, is_new=True, numbered=False, changed=True)

    def hear(self, said: Said) -> None:
        """Take what a new record says: a line that outranks the leading one replaces, another fills what is empty."""
        self.adopt(said, lead=self.row["party_type"] is None or leads(said.line, Line(self.row["leading_line"])))

    def adopt(self, said: Said, *, lead: bool) -> None:
        """Write what a record says: as the leading one over all that is there, else where nothing is."""
        row = self.row
        for name, value in said.values.items():
            if value is not None and (lead or self._lacks(name)) and name not in self.held:
                self.pending[name] = value
                if name == "certificate_no":
                    row["certificate_type"] = said.certificate_type
        if lead:
            row |= {"leading_line": said.line, "party_type": said.party_type}
            row["branch_id"] = said.branch_id or row["branch_id"]
        if said.gender != Gender.UNKNOWN and (lead or row["gender"] == Gender.UNKNOWN):
            row["gender"] = row["gender"] if PolicyField.GENDER in self.held else said.gender
        if PolicyField.CITY_CODE not in self.held:
            row["city_code"] = (said.city_code or row["city_code"]) if lead else (row["city_code"] or said.city_code)
        row["opened_on"] = min(filter(None, (row["opened_on"], said.opened_on)), default=None)
        self.changed = True

    def choose(self, field: PolicyField, saids: Sequence[Said]) -> None:
        """Write what the first record says that says anything of a field; nothing where none does."""
        said = next((one for one in saids if one.says(field) is not None), None)
        value = None if said is None else said.says(field)
        if field is PolicyField.GENDER:
            self.row["gender"] = value or Gender.UNKNOWN
        elif field is PolicyField.CITY_CODE:
            self.row["city_code"] = value
        elif value is None:
            self.pending.pop(field, None)
        else:
            self.pending[field] = value
        if field is PolicyField.CERTIFICATE_NO:
            self.row["certificate_type"] = None if said is None else said.certificate_type

    def _lacks(self, name: str) -> bool:
        return self.row[f"{name}_enc"] is None and name not in self.pending

    def sealed(self, keys: KeyRing) -> tuple[Any, ...]:
        """Seal what is pending and return the row in the order of the table's columns.

        A customer whose data key was destroyed stays unreadable: nothing is sealed for it.
        """
        row, key = self.row, None
        if self.is_new:
            row["data_key"], key = keys.make_data_key(self.id)
        if row["data_key"] is not None and self.pending:
            key = key or keys.open_data_key(WrappedKey(row["data_key"]), self.id)
            row |= seal(key, "customer", self.id, self.pending)
            row |= _derived(keys, self.pending)
        return tuple(row.values())


def _derived(keys: KeyRing, pending: dict[str, str]) -> dict[str, Any]:
    """Compute the columns by which customers are searched for and selected."""
    found: dict[str, Any] = {}
    if "name" in pending:
        found["name_idx"] = name_index(keys, pending["name"])
    if "phone" in pending:
        found["phone_idx"] = phone_index(keys, pending["phone"])
    if "birth_date" in pending:
        born = pending["birth_date"]
        found |= {"birth_year": int(born[:4]), "birth_mmdd": born[5:].replace("-", "")}
    return found


def rebuilt(
    keys: KeyRing,
    stored: dict[str, Any],
    saids: Sequence[Said],
    policy: IdentityPolicy,
    held: Mapping[PolicyField, Said] = MappingProxyType({}),
) -> tuple[Any, ...]:
    """Compose a stored customer's row anew from all its records, the leading one first, under its own data key.

    Fields for which the bank has a rule of its own are chosen by it, and those that people hold are as they hold them.
    """
    emptied = dict.fromkeys(f"{name}_enc" for name in FIELDS)
    blank = ("party_type", "name_idx", "phone_idx", "birth_year", "birth_mmdd", "city_code", "certificate_type")
    row = {**stored, **emptied, **dict.fromkeys(blank), "gender": Gender.UNKNOWN, "opened_on": None}
    candidate = Candidate(row, is_new=False, numbered=False)
    for position, said in enumerate(saids):
        candidate.adopt(said, lead=position == 0)
    for chosen, rule in policy.own_rules:
        candidate.choose(chosen, rule.in_order(saids))
    for chosen, said in held.items():
        candidate.choose(chosen, [said])
    return candidate.sealed(keys)
