"""Which pairs of records are likelier one person, and by which hashes they are brought together."""

from math import log2
from typing import Final

import pytest

from guibin.customers.proposing.blocks import blocks_of
from guibin.customers.proposing.model import COMPARISONS, DEFAULT, Label, MatchModel, learn
from guibin.customers.proposing.scoring import Scored, score
from guibin.customers.proposing.traits import Traits, traits_of
from guibin.security.ciphers import KeyRing
from guibin.security.key_file import KeyMaterial

HOME, ELSEWHERE = "上海市桂香路12号301室", "杭州市百花街3号"
MARRIED = {"phone": "15412345678", "birth_date": "1980-02-03", "address": HOME}
MOVED = {"phone": "15498765432", "birth_date": "1980-02-03", "address": ELSEWHERE}
MILLION = 1_000_000
SHARES = {"王小明": 2e-5, "王伟": 1e-3}


def told(name: str, *, gender: str = "M", party_type: str = "person", **values: str) -> Traits:
    fields = ("certificate_no", "phone", "birth_date", "address", "employer")
    certificate_type = "id_card" if "certificate_no" in values else None
    return traits_of(
        {"name": name, **{field: values.get(field) for field in fields}},
        party_type=party_type,
        gender=gender,
        certificate_type=certificate_type,
    )


KNOWN: Final = told("王小明", **MARRIED)
ONE_PERSON: Final = {
    "a name typed by its sound": told("王晓明", **MARRIED),
    "a name written in Latin letters, the surname last": told("Xiaoming Wang", **MARRIED),
    "a missing character": told("王明", **MARRIED),
    "a telephone with one digit wrong": told("王小明", **{**MARRIED, "phone": "15412345679"}),
    "a birthday with day and month swapped": told("王小明", **{**MARRIED, "birth_date": "1980-03-02"}),
    "another telephone and another sound": told("王晓明", **{**MARRIED, "phone": MOVED["phone"]}),
    "another telephone and another address": told("王小明", **MOVED),
}
OTHERS: Final = {
    "a twin": told("王小红", gender="F", **MARRIED),
    "a twin of the same gender": told("王大伟", **MARRIED),
    "the father": told("王建国", **{**MARRIED, "birth_date": "1953-07-01"}),
    "the wife": told("李丽", gender="F", **{**MARRIED, "birth_date": "1981-05-06"}),
    "a namesake": told("王小明", **{**MOVED, "birth_date": "1966-11-30"}),
}


CARD: Final = {"certificate_no": "110101198002030019"}
SAME_DAY: Final = {"birth_date": "1980-02-03"}
PAIRS: Final = {
    **{name: (KNOWN, other) for name, other in {**ONE_PERSON, **OTHERS}.items()},
    "another name on the same certificate": (told("王小明", **MARRIED, **CARD), told("王大伟", **MARRIED, **CARD)),
    "a twin with a certificate": (
        told("王小明", **MARRIED, **CARD),
        told("王大伟", **MARRIED, certificate_no="110101198002030035"),
    ),
    "a rare name": (told("王小明", **SAME_DAY), told("王小明", **SAME_DAY)),
    "a common name": (told("王伟", **SAME_DAY), told("王伟", **SAME_DAY)),
    "a name alone": (KNOWN, told("王小明", gender="U")),
}


@pytest.fixture(scope="module")
def scores() -> dict[str, Scored]:
    return dict(
        zip(PAIRS, score(DEFAULT, list(PAIRS.values()), customers=MILLION, name_frequencies=SHARES), strict=True)
    )


def test_every_fault_of_one_person_ranks_above_everybody_else(scores: dict[str, Scored]) -> None:
    likeliest_other = max(OTHERS, key=lambda name: scores[name].bits)
    unlikeliest_fault = min(ONE_PERSON, key=lambda name: scores[name].bits)
    assert scores[unlikeliest_fault].probability > 0.9
    assert scores[likeliest_other].probability < 0.01


def test_the_weights_and_the_prior_make_the_score(scores: dict[str, Scored]) -> None:
    found = scores["a name typed by its sound"]
    assert {one.field: one.level for one in found.weights} == {
        "name": "sounds_equal",
        "phone": "equal",
        "birth_date": "equal",
        "address": "equal",
        "gender": "equal",
    }
    assert sum(one.bits for one in found.weights) - log2(MILLION) == pytest.approx(found.bits, abs=0.01)


def test_in_a_smaller_bank_the_same_pair_is_likelier_one_person(scores: dict[str, Scored]) -> None:
    one = "another telephone and another address"
    (found,) = score(DEFAULT, [PAIRS[one]], customers=MILLION // 8, name_frequencies=SHARES)
    assert found.bits - scores[one].bits == pytest.approx(3, abs=0.01)


def test_an_equal_certificate_outweighs_an_unlike_name_that_would_be_a_relatives(scores: dict[str, Scored]) -> None:
    assert scores["another name on the same certificate"].probability > 0.9
    assert scores["a twin with a certificate"].bits < -20


def test_a_rare_name_says_more_than_a_common_one(scores: dict[str, Scored]) -> None:
    assert scores["a rare name"].bits - scores["a common name"].bits == pytest.approx(5.64, abs=0.01)


def test_what_one_of_the_two_lacks_says_nothing(scores: dict[str, Scored]) -> None:
    assert [one.field for one in scores["a name alone"].weights] == ["name"]


@pytest.fixture(scope="module")
def keys() -> KeyRing:
    return KeyRing(KeyMaterial.generate())


@pytest.mark.parametrize(
    ("other", "shared"),
    [
        (
            told("王晓明", **MARRIED),
            {
                "block_phone",
                "block_sound",
                "block_surname_birth",
                "block_address",
                "block_given_birth",
                "block_birth_house",
            },
        ),
        (told("王大伟", **MOVED), {"block_surname_birth"}),
        (told("汪小明", **MOVED), {"block_sound", "block_surname_birth", "block_given_birth"}),
        (told("黄小明", **MOVED), {"block_given_birth"}),
        (told("Xiaoming Huang", **MOVED), {"block_given_birth"}),
        (told("刘翠花", birth_date="1980-02-03", address="桂香路12-301"), {"block_birth_house"}),
        (told("刘翠花", birth_date="1980-02-03", address="桂香路12号"), set()),
        (told("WANG XIAO MING", **MOVED), {"block_sound"}),
        (told("王建国", phone="15400000000", address="上海市 桂香路12号-301室"), {"block_address"}),
        (told("李丽", **MOVED), set()),
    ],
)
def test_records_with_an_equality_that_survives_the_fault_share_a_hash(
    keys: KeyRing, other: Traits, shared: set[str]
) -> None:
    one, two = blocks_of(keys, KNOWN), blocks_of(keys, other)
    assert {name for name in one if one[name] is not None and one[name] == two[name]} == shared


def test_filler_and_what_is_not_said_make_no_hash(keys: KeyRing) -> None:
    hashes = blocks_of(keys, told("王小明", phone="11111111111"))
    assert {name for name, value in hashes.items() if value is not None} == {"block_sound"}


def test_companies_are_compared_without_their_legal_form() -> None:
    one, other = (told(name, party_type="company") for name in ("恒源商贸有限公司", "恒源商贸有限责任公司"))
    assert one.name == other.name == "恒源商贸"


def test_decisions_move_the_weights_towards_what_was_met() -> None:
    label = Label({"name": "nearly_equal", "phone": "different"}, is_one=True)
    learnt = learn(DEFAULT, [label] * 400)
    assert learnt.parameters["name"]["nearly_equal"][0] == pytest.approx((0.09 + 1) / 2)
    assert learnt.bits("phone", "equal") == pytest.approx(DEFAULT.bits("phone", "equal") - 1)
    assert learnt.parameters["gender"] == DEFAULT.parameters["gender"]
    assert learn(DEFAULT, [Label(label.levels, is_one=False)] * 400).parameters == DEFAULT.parameters


def test_a_model_is_the_same_after_it_was_stored() -> None:
    assert MatchModel.of(DEFAULT.as_json()) == DEFAULT


@pytest.mark.parametrize("side", [0, 1])
def test_the_levels_of_a_comparison_are_all_there_is(side: int) -> None:
    for name, levels in COMPARISONS.items():
        parameters = DEFAULT.parameters[name]
        assert list(parameters) == [level.name for level in levels]
        assert sum(pair[side] for pair in parameters.values()) == pytest.approx(1)
