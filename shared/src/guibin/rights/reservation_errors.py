"""Refusals about reservations; the first two also stand with the other reasons of a redemption."""

from guibin.core.errors import Category, Refusal


class ReservationOver(Refusal):
    """The reservation holds nothing (any more): taken, released, lapsed, of another right. Facts: state, if known."""

    category = Category.CONFLICT
    code = "reservation_over"
    zh = "该预留已失效或不适用于该权益"
    en = "This reservation is over, or of another right"


class ReservationDiffers(Refusal):
    """A redemption takes all the units of its reservation, no more and no fewer. Facts: reserved."""

    category = Category.CONFLICT
    code = "reservation_differs"
    zh = "兑换数量与预留数量不一致"
    en = "The redemption asks for another number of units than the reservation holds"


class NothingToReserve(Refusal):
    """The right has no stock that could run out."""

    category = Category.CONFLICT
    code = "nothing_to_reserve"
    zh = "该权益不限库存，无需预留"
    en = "The right has no stock that could run out: nothing needs to be reserved"


class AlreadyReserved(Refusal):
    """The customer holds units of this right already. Facts: reservation_id, lapses_at."""

    category = Category.CONFLICT
    code = "already_reserved"
    zh = "您已预留该权益"
    en = "You have reserved this right already"


class TooManyReservations(Refusal):
    """As many rights are reserved at once as may be. Facts: most."""

    category = Category.CONFLICT
    code = "too_many_reservations"
    zh = "同时预留的权益数量已达上限"
    en = "You have reserved as many rights as you may at once"
