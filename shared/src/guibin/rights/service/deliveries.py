"""Where what is redeemed goes: kept encrypted under the customer's key, opened for the supplier and for nobody else."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from guibin.core.errors import NotFound
from guibin.rights.models import Fulfilment, Redemption
from guibin.rights.offer import Destination
from guibin.rights.service.new_redemption import NewRedemption
from guibin.security.ciphers import DataKey, KeyRing, WrappedKey

_TABLE: Final = str(Redemption.__tablename__)
_COLUMN: Final = "delivery_enc"
_DESTINATIONS: Final = {Fulfilment.TOP_UP: Destination.ACCOUNT, Fulfilment.PARCEL: Destination.ADDRESS}


@dataclass(frozen=True, slots=True, repr=False)
class Delivery:
    """The account that is topped up, or recipient, phone and address of a parcel; it is never printed."""

    recharge_account: str | None = None
    recipient: str | None = None
    phone: str | None = None
    address: str | None = None

    @property
    def destination(self) -> Destination:
        """The kind of place."""
        return Destination.ADDRESS if self.recharge_account is None else Destination.ACCOUNT

    def named(self) -> dict[str, str]:
        """Return the fields that are set."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def destination_of(fulfilment: Fulfilment) -> Destination:
    """Return where a right that is delivered in a way has to go."""
    return _DESTINATIONS.get(fulfilment, Destination.NONE)


def seal_delivery(keys: KeyRing, redemption: NewRedemption, delivery: Delivery, *, data_key: bytes | None) -> str:
    """Encrypt where a redemption goes under the customer's wrapped key, as its column takes it.

    Raises:
        NotFound: the customer is erased.
    """
    if data_key is None:
        raise NotFound
    key = keys.open_data_key(WrappedKey(data_key), redemption.customer_id)
    document = json.dumps(delivery.named(), ensure_ascii=False)
    return "\\x" + key.encrypt(document, _TABLE, _COLUMN, redemption.id).hex()


def open_delivery(key: DataKey, redemption: Redemption) -> Mapping[str, str]:
    """Return the fields of where a redemption goes; none where it goes nowhere, or once that was forgotten."""
    if redemption.delivery_enc is None:
        return {}
    opened: dict[str, str] = json.loads(key.decrypt(redemption.delivery_enc, _TABLE, _COLUMN, redemption.id))
    return opened
