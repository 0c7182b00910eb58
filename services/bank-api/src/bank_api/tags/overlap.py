"""How tags and segments lie on each other, and what tells the members of one from all customers."""

from typing import Annotated

from pydantic import Field

from guibin.core.text import Code
from guibin.security.actors import Domain, Verb
from guibin.tags import overlap, repository
from guibin.tags.errors import RuleTooExpensive
from guibin.tags.lineage.models import UseWay
from guibin.tags.overlap import MOST_TAGS, Pair, Profile, Trait
from guibin.tags.service.preview import PREVIEW_SECONDS, read_only
from guibin.web import (
    DataClass,
    OutModel,
    PortRouter,
    RateClass,
    StaffCall,
    StrictModel,
    declare,
    json_body,
    staff,
)

from .router import sensitive_in
from .using import used

router = PortRouter(prefix="/v1/tags", tags=["tags"])

READ = staff(Verb.READ, Domain.TAGS)


class OverlapIn(StrictModel):
    """Which tags and segments to hold against each other."""

    codes: list[Code] = Field(min_length=2, max_length=MOST_TAGS, examples=[["mda_1m", "elderly"]])


class PairOut(OutModel):
    """Two tags."""

    first: str
    second: str
    of_first: int = Field(description="Customers in your scope who have the first")
    of_second: int
    both: int
    share_of_either_percent: float = Field(description="Who has both among who has one at least, in per cent")
    lift: float | None = Field(description="How much more often they come together than by chance, which is 1")

    @classmethod
    def of(cls, pair: Pair) -> "PairOut":
        """Describe a pair."""
        return cls.model_validate(pair)


class OverlapOut(OutModel):
    """Each pair of the tags, in the order of their codes."""

    pairs: list[PairOut]


class TraitOut(OutModel):
    """A tag that the members have more often than others."""

    code: str
    name_zh: str
    name_en: str
    members: int = Field(description="Members who have it")
    customers: int = Field(description="Customers in your scope who have it")
    lift: float

    @classmethod
    def of(cls, trait: Trait) -> "TraitOut":
        """Describe a trait."""
        return cls.model_validate(trait)


class ProfileOut(OutModel):
    """The members of a tag or segment in your scope."""

    code: str
    customers: int = Field(description="Customers in your scope")
    members: int
    branches: dict[str, int] = Field(description="Members by code of the branch")
    tiers: dict[str, int] = Field(description="Members by tier; `unknown` without one")
    ages: dict[str, int] = Field(description="Members by age")
    traits: list[TraitOut] = Field(
        description="At most 20 tags that one member in ten has at least, the highest lift first"
    )

    @classmethod
    def of(cls, code: str, found: Profile) -> "ProfileOut":
        """Describe a profile."""
        shown = {name: getattr(found, name) for name in ("customers", "members", "branches", "tiers", "ages")}
        return cls(code=code, traits=[TraitOut.of(one) for one in found.traits], **shown)


@router.post("/overlap", operation_id="compareTags")
@declare(caller=READ, rate=RateClass.SEARCH, data=DataClass.C1, refusals=(RuleTooExpensive,))
async def compare_tags(call: StaffCall, body: Annotated[OverlapIn, json_body(OverlapIn)]) -> OverlapOut:
    """Count who in your scope has each two of some tags and segments, at most 5 seconds long; nothing is stored."""
    async with read_only(call.session, PREVIEW_SECONDS):
        pairs = await overlap.overlaps(call.session, call.scope, codes=set(body.codes), sensitive_in=sensitive_in(call))
    await used(call, UseWay.COUNTED, body.codes)
    return OverlapOut(pairs=[PairOut.of(one) for one in pairs])


@router.get("/{code}/profile", operation_id="getTagProfile")
@declare(caller=READ, rate=RateClass.SEARCH, data=DataClass.C1, refusals=(RuleTooExpensive,))
async def get_profile(call: StaffCall, code: Code) -> ProfileOut:
    """Show the members of a tag or segment in your scope by branch, tier and age, and the tags that tell them apart."""
    tag = await repository.get_tag(call.session, code=code)
    async with read_only(call.session, PREVIEW_SECONDS):
        found = await overlap.profile(call.session, call.scope, code=tag.code, sensitive_in=sensitive_in(call))
    await used(call, UseWay.COUNTED, [tag.code])
    return ProfileOut.of(tag.code, found)
