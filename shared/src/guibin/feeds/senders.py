"""Who may bring which kind of file, beyond what its route asks."""

from typing import Final

from guibin.feeds.models import FeedKind
from guibin.security.actors import Actor, ActorKind
from guibin.security.errors import Forbidden

IDENTITY_SCOPE: Final = "identity:post"


def check_sender(actor: Actor, kind: FeedKind) -> None:
    """Hold a service to the scope of identity events where it brings a file of them.

    Raises:
        Forbidden: its token has no such scope.
    """
    if kind is FeedKind.IDENTITY and actor.kind is ActorKind.SERVICE and IDENTITY_SCOPE not in actor.scopes:
        raise Forbidden
