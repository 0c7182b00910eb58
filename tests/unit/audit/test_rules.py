"""Which object a request names."""

from uuid import UUID

import pytest

from guibin.audit.rules import Named, named_by, noun_of
from guibin.core.ids import new_id, to_public

CUSTOMER = new_id()
CUS, RDM, RGT = to_public("cus", CUSTOMER), to_public("rdm", CUSTOMER), to_public("rgt", CUSTOMER)


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ({"customer_id": CUS}, {}, Named("customer", CUS, CUSTOMER, is_owned=True)),
        ({"customer_id": CUS, "code": "vip"}, {}, Named("customer", CUS, CUSTOMER, is_owned=True)),
        ({"redemption_id": RDM}, {}, Named("redemption", RDM, None, is_owned=True)),
        ({"right_id": RGT}, {}, Named("right", RGT)),
        ({}, {"customer_id": CUS, "points": 5}, Named("customer", CUS, CUSTOMER, is_owned=True)),
        ({"right_id": RGT}, {"customer_id": CUS}, Named("right", RGT, CUSTOMER, is_owned=True)),
        ({"code": "gift_received"}, {}, Named("tags", "gift_received")),
        ({"month": "2026-11"}, {}, Named("tags", "2026-11")),
        ({}, {}, Named("tags", "-")),
    ],
)
def test_the_path_comes_first_and_then_the_customer_in_the_body(
    path: dict[str, str], body: dict[str, object], expected: Named
) -> None:
    assert named_by(path, body, noun="tags") == expected


@pytest.mark.parametrize("written", ["13812345678", "张三", "110105194912310029", "cus_13812345678", "A" * 65])
def test_what_is_neither_an_id_nor_a_code_is_not_kept(written: str) -> None:
    assert named_by({"code": written}, {"note": written}, noun="tags") == Named("tags", "-")


def test_a_kind_without_a_name_is_called_by_its_prefix() -> None:
    assert named_by({"x": f"zzz_{UUID(int=5)}"}, {}, noun="x").object_type == "zzz"


@pytest.mark.parametrize(
    ("path", "noun"),
    [("/v1/customers/{customer_id}/tags/{code}", "customers"), ("/v1/{x}/files", "files"), ("/healthz", "-")],
)
def test_a_route_is_about_the_first_word_of_its_path(path: str, noun: str) -> None:
    assert noun_of(path) == noun
