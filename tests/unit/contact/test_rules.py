"""The decision of the contact policy over plain values."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from guibin.contact.rules import (
    Channel,
    ContactPurpose,
    Facts,
    Plan,
    Quiet,
    Reason,
    Sender,
    Span,
    Terms,
    calendar_range,
    decide,
)
from guibin.core.clock import BUSINESS_ZONE

CARE, SELLING, SERVICE = ContactPurpose.CARE, ContactPurpose.SELLING, ContactPurpose.SERVICE
YES = Facts(consented=True)
NOON = datetime(2026, 11, 26, 12, tzinfo=BUSINESS_ZONE)
NIGHT = datetime(2026, 11, 26, 22, tzinfo=BUSINESS_ZONE)


def plan(channel: Channel = Channel.SMS, purpose: ContactPurpose = SELLING, subject: str | None = None) -> Plan:
    return Plan(channel, purpose, Sender.CAMPAIGN, subject)


def reasons(planned: Plan, facts: Facts, at: datetime = NOON, **other: Any) -> list[str]:
    return list(decide(planned, facts, at=at, **other).reasons)


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("purpose", [SERVICE, CARE, SELLING])
def test_whoever_is_gone_is_never_reached_for_anything_but_security(channel: Channel, purpose: ContactPurpose) -> None:
    gone = Facts(gone=True, consented=True)
    assert reasons(plan(channel, purpose), gone) == ["restricted"]
    assert decide(plan(channel, ContactPurpose.SECURITY), gone, at=NIGHT).allowed


def test_an_offer_needs_the_consent_to_its_channel_and_people_who_meet_need_none() -> None:
    for channel in (Channel.SMS, Channel.PHONE, Channel.WECHAT, Channel.WECOM, Channel.APP):
        assert reasons(plan(channel), Facts()) == ["no_consent"]
        assert reasons(plan(channel, CARE), Facts()) == []
    assert reasons(plan(Channel.IN_PERSON), Facts()) == []


def test_an_offer_is_made_only_to_whom_one_may_both_write_and_call() -> None:
    no_message, no_call = Facts(blocks_message=True, consented=True), Facts(blocks_call=True, consented=True)
    for facts in (no_message, no_call):
        assert reasons(plan(Channel.PHONE), facts) == reasons(plan(Channel.SMS), facts) == ["restricted"]
    assert reasons(plan(Channel.PHONE, CARE), no_message) == reasons(plan(Channel.SMS, CARE), no_call) == []
    assert reasons(plan(Channel.PHONE, CARE), no_call) == reasons(plan(Channel.SMS, CARE), no_message) == ["restricted"]


def test_a_service_message_passes_restrictions_caps_and_the_night_but_not_what_blocks_all_contact() -> None:
    facts = Facts(blocks_message=True, blocks_call=True, no_calls=True, on_channel=9, in_all=9)
    assert reasons(plan(Channel.SMS, SERVICE), facts, NIGHT) == []
    assert reasons(plan(Channel.PHONE, SERVICE), facts, NOON) == []
    assert reasons(plan(Channel.PHONE, SERVICE), facts, NIGHT) == ["quiet_hours"]
    assert reasons(plan(Channel.SMS, SERVICE), Facts(blocks_service=True)) == ["restricted"]


def test_who_wants_no_calls_is_not_called_and_may_be_written_to() -> None:
    facts = Facts(no_calls=True, consented=True)
    assert reasons(plan(Channel.PHONE, CARE), facts) == reasons(plan(Channel.PHONE), facts) == ["no_calls"]
    assert reasons(plan(Channel.SMS), facts) == reasons(plan(Channel.IN_PERSON, CARE), facts) == []


@pytest.mark.parametrize(
    ("hour", "minute", "quiet"),
    [(8, 59, True), (9, 0, False), (19, 59, False), (20, 0, True), (23, 59, True), (0, 0, True)],
)
def test_the_night_is_quiet_from_eight_to_nine(hour: int, minute: int, *, quiet: bool) -> None:
    at = datetime(2026, 11, 26, hour, minute, tzinfo=BUSINESS_ZONE)
    assert (reasons(plan(purpose=CARE), YES, at.astimezone(UTC)) == ["quiet_hours"]) == quiet


def test_a_holiday_has_hours_of_its_own() -> None:
    at = datetime(2026, 10, 1, 9, 30, tzinfo=BUSINESS_ZONE)
    assert reasons(plan(), YES, at) == []
    verdict = decide(plan(), YES, at=at, holidays={date(2026, 10, 1)})
    assert verdict.reasons == (Reason.QUIET_HOURS,)
    assert verdict.possible_at == at.replace(hour=10, minute=0)


def test_a_customers_own_quiet_time_adds_to_the_banks() -> None:
    noon_nap = Facts(consented=True, quiet=Quiet(start=time(11), end=time(14, 30)))
    verdict = decide(plan(), noon_nap, at=NOON)
    assert verdict.reasons == (Reason.CUSTOMERS_QUIET_HOURS,)
    assert verdict.possible_at == NOON.replace(hour=14, minute=30)
    late_riser = Facts(consented=True, quiet=Quiet(start=time(21), end=time(11)))
    verdict = decide(plan(), late_riser, at=NIGHT)
    assert verdict.reasons == (Reason.QUIET_HOURS, Reason.CUSTOMERS_QUIET_HOURS)
    assert verdict.possible_at == datetime(2026, 11, 27, 11, tzinfo=BUSINESS_ZONE)


def test_who_is_never_to_be_disturbed_is_told_no_moment() -> None:
    never = Facts(consented=True, quiet=Quiet(start=time(9), end=time(20)))
    assert decide(plan(), never, at=NOON).possible_at is None
    none = Terms(quiet=Quiet(start=time(9), end=time(9)))
    assert reasons(plan(), YES, NIGHT, terms=none) == []


@pytest.mark.parametrize(("channel", "cap"), [(Channel.WECHAT, 4), (Channel.SMS, 2), (Channel.PHONE, 2)])
def test_a_month_has_so_many_offers_by_a_channel(channel: Channel, cap: int) -> None:
    assert reasons(plan(channel), Facts(consented=True, on_channel=cap - 1, in_all=cap - 1)) == []
    verdict = decide(plan(channel), Facts(consented=True, on_channel=cap, in_all=cap), at=NOON)
    assert verdict.reasons == (Reason.CHANNEL_CAP,)
    assert verdict.possible_at == datetime(2026, 12, 1, 9, tzinfo=BUSINESS_ZONE)


def test_six_offers_a_month_are_enough_and_a_second_person_may_allow_more() -> None:
    full = Facts(consented=True, in_all=6)
    assert reasons(plan(Channel.APP), full) == ["total_cap"]
    assert reasons(plan(Channel.APP), replace(full, extra=1)) == []
    assert reasons(plan(Channel.SMS), replace(full, on_channel=2, extra=1)) == []
    assert reasons(plan(Channel.SMS), replace(full, on_channel=3, extra=1)) == ["channel_cap"]


def test_wecom_counts_as_wechat() -> None:
    assert reasons(plan(Channel.WECOM), Facts(consented=True, on_channel=4, in_all=4)) == ["channel_cap"]


def test_a_product_is_offered_twice_a_quarter() -> None:
    facts = Facts(consented=True, of_subject=2)
    assert reasons(plan(), facts) == []
    verdict = decide(plan(subject="PF101"), facts, at=NOON)
    assert verdict.reasons == (Reason.PRODUCT_CAP,)
    assert verdict.possible_at == datetime(2027, 1, 1, 9, tzinfo=BUSINESS_ZONE)


def test_all_reasons_are_told_and_a_word_that_is_missing_has_no_moment() -> None:
    facts = Facts(blocks_call=True, no_calls=True, on_channel=2, in_all=6, of_subject=2)
    verdict = decide(plan(Channel.PHONE, subject="PF101"), facts, at=NIGHT)
    assert verdict.reasons == tuple(reason for reason in Reason if reason is not Reason.CUSTOMERS_QUIET_HOURS)
    assert verdict.possible_at is None


@pytest.mark.parametrize(
    ("terms", "facts"),
    [
        (Terms(cap_in_all=0), YES),
        (Terms(caps={Channel.SMS: 0}), YES),
        (Terms(product_pushes=0), YES),
    ],
)
def test_what_a_bank_never_allows_has_no_moment(terms: Terms, facts: Facts) -> None:
    verdict = decide(plan(subject="PF101"), facts, at=NOON, terms=terms)
    assert verdict.reasons
    assert verdict.possible_at is None


def test_months_and_quarters_are_those_of_the_calendar_in_shanghai() -> None:
    span = Span.of(datetime(2026, 12, 31, 16, 30, tzinfo=UTC))
    begin = datetime(2027, 1, 1, tzinfo=BUSINESS_ZONE)
    assert (span.month, span.quarter) == (begin, begin)
    assert span.month_end == datetime(2027, 2, 1, tzinfo=BUSINESS_ZONE)
    assert span.quarter_end == datetime(2027, 4, 1, tzinfo=BUSINESS_ZONE)
    assert Span.of(NOON).month_end == datetime(2026, 12, 1, tzinfo=BUSINESS_ZONE)
    assert Span.of(datetime(2026, 12, 15, tzinfo=UTC)).month_end == begin
    assert calendar_range(NOON) == (date(2026, 11, 26), date(2027, 1, 31))
