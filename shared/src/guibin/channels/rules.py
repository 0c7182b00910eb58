"""What an errcode of WeChat means: one row for each documented code (docs/operations.md has the classes)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal


class Behaviour(StrEnum):
    """What the client does about an answer."""

    OK = "ok"
    RETRY = "retry"
    """Busy: the same call again, after a pause, at most three times."""
    TOKEN = "token"  # noqa: S105 - the name of a class of answers
    """The access token is not good any more: fetch another once, call again once."""
    THROTTLE_CALL = "throttle_call"
    """Too many for this person or in this minute: only this call is refused."""
    THROTTLE_ACCOUNT = "throttle_account"
    """The account's quota is gone: the same kind of call pauses for a minute."""
    CODE = "code"
    """The code or the session of a person is not good: the person logs in again."""
    BLOCKED = "blocked"
    """WeChat blocks this person."""
    RECIPIENT = "recipient"
    """This recipient cannot be reached: final for this recipient."""
    CONTENT = "content"
    """What was sent is wrong: final for this content, and a fault of ours where it is not a person's text."""
    CONFIGURATION = "configuration"
    """The account is set up wrongly, frozen or not permitted: the channel stops and a person is called."""
    UNKNOWN = "unknown"
    """Not documented: never repeated, counted as an error."""


_CODES: Final[Mapping[Behaviour, tuple[int, ...]]] = {
    Behaviour.OK: (0,),
    Behaviour.RETRY: (-1,),
    Behaviour.TOKEN: (40001, 40014, 42001),
    Behaviour.THROTTLE_CALL: (45011, 43117, 45066),
    Behaviour.THROTTLE_ACCOUNT: (45009, 45033, 45028),
    Behaviour.CODE: (40029, 40030, 40163, 41008, 42002, 42003, 87007, 87009),
    Behaviour.BLOCKED: (40226,),
    Behaviour.RECIPIENT: (
        *(40003, 43004, 43005, 43019, 43101, 45015, 45047, 46004, 48002, 50005),
        *(40096, 41050, 41051, 41096, 84061),
    ),
    Behaviour.CONTENT: (
        *(40007, 40032, 40033, 40037, 40039, 40053, 40054, 40055, 41030, 43001, 43002, 44003, 44004, 47001, 47003),
        *range(40015, 40029),
        *range(45002, 45009),
        *(45064, 45065, 45067, 48008, 87008),
        *range(65301, 65318),
    ),
    Behaviour.CONFIGURATION: (
        *(40002, 40013, 40125, 40164, 40243, 41001, 41002, 41004, 42007),
        *(48001, 48003, 48004, 48006, 50002, 61003, 61007),
    ),
}

BEHAVIOURS: Final[Mapping[int, Behaviour]] = {code: behaviour for behaviour, codes in _CODES.items() for code in codes}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call of WeChat's interface. `instead` says which codes mean something else here than elsewhere."""

    method: Literal["GET", "POST"]
    path: str
    instead: Mapping[int, Behaviour] = field(default_factory=dict)

    def behaviour_of(self, errcode: int) -> Behaviour:
        """Return what an errcode of this call means."""
        return self.instead.get(errcode) or BEHAVIOURS.get(errcode, Behaviour.UNKNOWN)


# No token is sent here: whatever it says of one, the account is not set up as it should be.
STABLE_TOKEN: Final = Endpoint(
    "POST", "/cgi-bin/stable_token", dict.fromkeys((40001, 40014, 42001), Behaviour.CONFIGURATION)
)
MINI_PROGRAM_LOGIN: Final = Endpoint("GET", "/sns/jscode2session")
OAUTH_LOGIN: Final = Endpoint("GET", "/sns/oauth2/access_token", {40003: Behaviour.CODE})
# A code of another person than the openid says, or of another account, is the fault of whoever sent it, not of ours.
PHONE_NUMBER: Final = Endpoint(
    "POST", "/wxa/business/getuserphonenumber", {40003: Behaviour.CODE, 40013: Behaviour.CODE}
)
