"""What a tag or a fact rests on, what decides by it, how much it is used, and when it counts as dead."""

from datetime import date, timedelta
from typing import Annotated, Final, Self

from fastapi import Path
from pydantic import Field
from starlette.responses import Response

from guibin.core import clock
from guibin.core.errors import NotFound, PreconditionRequired, VersionConflict
from guibin.core.text import Code
from guibin.security.actors import Domain, Verb
from guibin.tags import repository as tags
from guibin.tags.kinds import read_definition, tags_of
from guibin.tags.lineage import repository, service
from guibin.tags.lineage.models import TagPolicy, UseWay
from guibin.tags.lineage.sources import LineOfBusiness, facts_read, lines_behind, origin_of
from guibin.tags.lineage.users import User, users_of_fact, users_of_tags
from guibin.tags.models import TagKind
from guibin.tags.vocabulary import FactType, Operator, fact_named
from guibin.web import (
    DataClass,
    OutModel,
    PortRouter,
    RateClass,
    StaffCall,
    StrictModel,
    declare,
    json_body,
    set_etag,
    staff,
)

router = PortRouter(prefix="/v1", tags=["tags"])

READ = staff(Verb.READ, Domain.TAGS)
DEFINE = staff(Verb.SUBMIT, Domain.TAGS)
PERIODS: Final = (30, 90)
FactName = Annotated[
    str, Path(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)?$", max_length=60, description="As rules name it")
]


class TagUserOut(OutModel):
    """Something that decides by a tag or a fact."""

    kind: str = Field(description="What it is: a tag, a segment, a rule of earning, a right, ...", examples=["right"])
    code: str
    name_zh: str
    name_en: str
    in_force: bool = Field(description="Whether it decides by it now; a draft does not yet")

    @classmethod
    def of(cls, user: User) -> "TagUserOut":
        """Describe a user."""
        return cls.model_validate(user)


class FactOriginOut(OutModel):
    """A fact that is read, and where it comes from."""

    fact: str = Field(examples=["aum_mda"])
    job: str = Field(description="What makes it: a source of facts, the events, the holdings, the calendar")
    feeds: list[str] = Field(description="Kinds of files from which it is made; empty for what the bank has itself")

    @classmethod
    def of(cls, name: str) -> "FactOriginOut":
        """Describe the origin of a fact."""
        origin = origin_of(name)
        return cls(fact=name, job=origin.job, feeds=list(origin.feeds))


class LineBehindOut(OutModel):
    """A line of business that delivers these files."""

    line: str
    latest_day: date = Field(description="The last day of which everything is in")


class LineageOut(OutModel):
    """Where a tag comes from and where it goes."""

    code: str
    version: int | None = Field(description="The version that is read; null where only a draft is")
    facts: list[FactOriginOut]
    lines: list[LineBehindOut] = Field(description="Lines behind those files; empty where none is read")
    tags: list[str] = Field(description="Tags and segments whose members or values it reads")
    used_by: list[TagUserOut] = Field(description="What decides by it, or will: drafts are not in force")


class FactLineageOut(FactOriginOut):
    """Where a fact comes from and where it goes."""

    type: FactType
    operators: list[Operator] = Field(description="What a condition can ask of it")
    values: list[str] | None = Field(description="The closed list of what it can be, where there is one")
    lines: list[LineBehindOut]
    used_by: list[TagUserOut]


class UseOfPeriodOut(OutModel):
    """How a tag was used over some days."""

    days: int
    filtered: int = Field(description="Lists of customers filtered by it")
    counted: int = Field(description="Counts and snapshots of a segment")
    exported: int = Field(description="Exports filtered by it")
    explained: int = Field(description="Times somebody asked why a customer has it")
    given: int = Field(description="Times somebody set it by hand or imported values of it")
    shown: int = Field(description="Days and people to whom it was shown with a customer")
    people: int = Field(description="How many people that were")


class TagUseOut(OutModel):
    """How a tag is used."""

    code: str
    last_used_on: date | None
    live_since: date | None = Field(description="When it was last published or taken up again")
    freezes_on: date | None = Field(
        description="When the night freezes it unless somebody uses it; null while something decides by it"
    )
    periods: list[UseOfPeriodOut] = Field(description="Over the last 30 and 90 days")
    decides: int = Field(description="How many rules, rights and tags decide by it now")


class TagPolicyIn(StrictModel):
    """When a tag counts as dead, and how the night checks itself."""

    unused_days: int | None = Field(
        ge=1, le=3660, description="Days without use after which the night freezes a tag; null: never", examples=[30]
    )
    announced_days: int = Field(ge=1, le=365, description="Days from there to its retirement", examples=[7])
    full_every_days: int = Field(
        ge=1, le=31, description="How often the night holds everybody to every rule", examples=[7]
    )
    checked_percent: int = Field(
        ge=1, le=100, description="Share of the customers that each night in between checks", examples=[5]
    )


class TagPolicyOut(OutModel):
    """The policy in force."""

    unused_days: int | None
    announced_days: int
    full_every_days: int
    checked_percent: int
    revision: int = Field(description="The ETag")

    @classmethod
    def shown(cls, policy: TagPolicy, response: Response) -> Self:
        """Describe a policy, with its ETag."""
        set_etag(response, policy.revision)
        return cls.model_validate(policy)


@router.get("/tags/{code}/lineage", operation_id="getTagLineage")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_lineage(call: StaffCall, code: Code) -> LineageOut:
    """Follow a tag both ways: the facts, files and lines that it comes from, and whatever decides by it."""
    tag = await tags.get_tag(call.session, code=code)
    in_force = await tags.find_version(call.session, tag)
    rule = in_force.rule if in_force else tag.draft_rule
    definition = None if rule is None else read_definition(TagKind(tag.kind), rule)
    facts = [] if definition is None else [FactOriginOut.of(name) for name in sorted(facts_read(definition))]
    return LineageOut(
        code=tag.code,
        version=in_force.version if in_force else None,
        facts=facts,
        lines=await _lines(call) if any(fact.feeds for fact in facts) else [],
        tags=[] if definition is None else sorted(tags_of(definition)),
        used_by=[TagUserOut.of(user) for user in await users_of_tags(call.session, [tag.code])],
    )


@router.get("/facts/{name}/lineage", operation_id="getFactLineage")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_fact_lineage(call: StaffCall, name: FactName) -> FactLineageOut:
    """Follow a fact both ways: the files and lines that it comes from, and the rules that read it."""
    fact = fact_named(name)
    if fact is None:
        raise NotFound
    origin = FactOriginOut.of(name)
    return FactLineageOut(
        **origin.model_dump(),
        type=fact.type,
        operators=sorted(fact.operators),
        values=None if fact.values is None else sorted(fact.values),
        lines=await _lines(call) if origin.feeds else [],
        used_by=[TagUserOut.of(user) for user in await users_of_fact(call.session, name)],
    )


@router.get("/tags/{code}/use", operation_id="getTagUse")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_use(call: StaffCall, code: Code) -> TagUseOut:
    """Show how often people used a tag over the last 30 and 90 days, when last, and when it would be frozen."""
    tag, today = await tags.get_tag(call.session, code=code), clock.today()
    last, decides = await repository.last_use(call.session, code=code), await service.decided_by(call.session, code)
    periods = []
    for days in PERIODS:
        used = await repository.use_since(call.session, code=code, day=today - timedelta(days=days - 1))
        times = {way: used.times.get(way, 0) for way in UseWay}
        periods.append(UseOfPeriodOut(days=days, people=used.people, **times))
    return TagUseOut(
        code=tag.code,
        last_used_on=last,
        live_since=tag.live_since,
        freezes_on=None if decides else await service.freezes_on(call.session, tag, last),
        periods=periods,
        decides=len(decides),
    )


@router.get("/tag-policy", operation_id="getTagPolicy")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_policy(call: StaffCall, response: Response) -> TagPolicyOut:
    """Show after how many days without use a tag is frozen, and how the night checks its own runs."""
    return TagPolicyOut.shown(await repository.get_policy(call.session), response)


@router.put("/tag-policy", operation_id="changeTagPolicy")
@declare(
    caller=DEFINE,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(PreconditionRequired, VersionConflict),
)
async def change_policy(
    call: StaffCall, body: Annotated[TagPolicyIn, json_body(TagPolicyIn)], response: Response
) -> TagPolicyOut:
    """Replace the policy that was read with the ETag sent as If-Match."""
    policy = await repository.get_policy(call.session, lock=True)
    call.require_if_match(policy.revision)
    changed = await service.change_policy(call.session, policy, actor=call.actor, **body.model_dump())
    return TagPolicyOut.shown(changed, response)


async def _lines(call: StaffCall) -> list[LineBehindOut]:
    found: list[LineOfBusiness] = await lines_behind(call.session)
    return [LineBehindOut.model_validate(one) for one in found]
