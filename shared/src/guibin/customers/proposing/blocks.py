"""The keyed hashes by which records that may be of one person are brought together; equal ones make a pair.

Each is an equality that one person's records keep through some fault: the name may be mistyped where the certificate is
equal, the telephone changed where name and birthday are, and so on. Postgres joins them without knowing a value, and
leaves out what many share: a common name brings nobody together, a rare one does.
"""

from typing import Final

from guibin.customers.models import BLOCKS
from guibin.customers.proposing.traits import Traits
from guibin.security.ciphers import KeyRing

RULES: Final = ("certificate_idx", *BLOCKS)
"""Columns of `source_record` whose equality makes a pair."""


def blocks_of(keys: KeyRing, traits: Traits) -> dict[str, bytes | None]:
    """Return the hashes of a record by column; None where it does not say enough."""
    phone = traits.phone
    return {
        "block_phone": None if phone is None else keys.blind_index("phone", phone),
        "block_sound": _joined(keys, "sound", traits.letters),
        "block_surname_birth": _joined(keys, "surname_birth", traits.surname, traits.birth_date),
        "block_sound_employer": _joined(keys, "sound_employer", traits.letters, traits.employer),
        "block_address": _joined(keys, "address", traits.address),
        "block_given_birth": _joined(keys, "given_birth", traits.given, traits.birth_date),
        "block_birth_house": _joined(keys, "birth_house", traits.birth_date, traits.house),
    }


def _joined(keys: KeyRing, kind: str, *parts: str | None) -> bytes | None:
    told = [part for part in parts if part is not None]
    return keys.blind_index("name", "|".join((kind, *told))) if len(told) == len(parts) else None
