"""The first screen in one call, by a number of statements that does not depend on how much there is to show."""

from typing import Final

from customer_api.rights.package_schemas import MyPackageOut
from customer_api.rights.slot_schemas import NextAppointmentOut
from guibin.core import clock
from guibin.customers.origins import with_origins
from guibin.customers.personal import identity_of
from guibin.customers.repository import get_customer
from guibin.points import service as points
from guibin.rights import service as rights
from guibin.rights.repository.proposals import count_waiting
from guibin.rights.repository.slots import next_appointments
from guibin.rights.repository.usable_codes import find_usable_codes
from guibin.web import CustomerCall, DataClass, PortRouter, RateClass, customer, declare

from .home_schemas import HomeCodeOut, HomeOut, HomeReplaceableOut, HomeWalletOut, NoticeOut, expiring_of
from .notices import notices_of
from .router import read_manager, read_tier

router = PortRouter(prefix="/v1/me", tags=["profile"])

MOST: Final = 5
"""Codes and appointments that the first screen shows."""


@router.get("/home", operation_id="getMyHome")
@declare(caller=customer("profile:read:self"), rate=RateClass.BALANCE, data=DataClass.C2)
async def get_home(call: CustomerCall) -> HomeOut:
    """Show everything that the first screen needs: who I am, my points, codes, appointments, manager, and notices.

    Points and redemptions are shown to tokens with their scopes, and are null for others.
    """
    session, scope, me, now = call.session, call.scope, call.actor.id, clock.now()
    today, scopes = clock.business_day(now), call.actor.scopes
    person = identity_of(call.keys, await get_customer(session, scope, customer_id=me))
    of_points, of_redemptions = "points:read" in scopes, "redemptions:read" in scopes
    wallets = (await points.balances(session, scope, customer_id=me, today=today)).wallets if of_points else []
    packages = await rights.list_my_packages(session, scope, customer_id=me) if of_points else []
    codes, booked, proposed, failed = [], [], 0, None
    if of_redemptions:
        async with with_origins(session, scope, customer_id=me) as opened:
            codes = await find_usable_codes(session, opened, customer_id=me, day=today, limit=MOST)
            booked = list(await next_appointments(session, opened, customer_id=me, now=now, limit=MOST))
        proposed = await count_waiting(session, scope, customer_id=me, now=now)
        failed = await rights.find_replaceable(session, scope, customer_id=me)
    last_days = [one.redemption.valid_until for one in codes]
    appointments, language = [one for one, _, _ in booked], call.language
    found = notices_of(
        wallets, appointments, last_days, proposals=proposed, replaceable=failed is not None, today=today
    )
    return HomeOut(
        as_of=now,
        name=person.name.value if person.name else None,
        tier=await read_tier(call),
        manager=await read_manager(call),
        wallets=[HomeWalletOut.of(own, language) for own in wallets] if of_points else None,
        expiring=expiring_of(wallets) if of_points else None,
        packages=[MyPackageOut.of(one, language) for one in packages] if of_points else None,
        usable_codes=[HomeCodeOut.of(one, language) for one in codes] if of_redemptions else None,
        appointments=[NextAppointmentOut.of(*one, language) for one in booked] if of_redemptions else None,
        replaceable=HomeReplaceableOut.of(failed, language) if failed else None,
        notices=[NoticeOut.of(kind, language) for kind in found],
    )
