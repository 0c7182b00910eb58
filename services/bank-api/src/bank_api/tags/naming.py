"""Who may build on sensitive tags: what a rule gives to their holders tells of them."""

from collections.abc import Collection

from guibin.security.actors import Domain, Verb, decide
from guibin.tags.errors import TagSensitive
from guibin.tags.repository import sensitive_among
from guibin.web import StaffCall


async def require_nameable(call: StaffCall, codes: Collection[str]) -> None:
    """Let nobody name a sensitive tag in the terms of a right or a rule but who may see such tags.

    Raises:
        TagSensitive: the terms name one, and the caller may not reveal tags of anybody.
    """
    if sensitive := await not_nameable(call, codes):
        raise TagSensitive(tag=min(sensitive))


async def not_nameable(call: StaffCall, codes: Collection[str]) -> set[str]:
    """Return the sensitive ones of some tags, where the caller may not reveal tags of anybody."""
    if decide(call.grants, Verb.REVEAL, Domain.TAGS, staff_id=call.actor.id) is not None:
        return set()
    return set(await sensitive_among(call.session, codes))
