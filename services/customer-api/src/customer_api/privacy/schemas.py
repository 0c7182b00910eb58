"""What the customer port says of my consents and my data requests, and what it takes."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from guibin.core.ids import DataRequestId
from guibin.core.text import Note
from guibin.privacy.models import ConsentChannel, ConsentState, LegalBasis, Purpose, RequestKind, RequestState
from guibin.privacy.service.consents import Standing, Word
from guibin.privacy.service.requests import Opened
from guibin.web import OutModel, StrictModel

MOST_DECISIONS = 20


class MyConsentOut(OutModel):
    """A purpose and a channel, the text in force, and what I said to it."""

    purpose: Purpose
    channel: ConsentChannel = Field(description="`any` where the purpose knows no channel")
    legal_basis: LegalBasis = Field(description="Only purposes that rest on consent can be granted and revoked")
    text: str = Field(description="The words to agree to, in the language of the call")
    text_version: int = Field(description="Send it with a yes")
    state: ConsentState | None = Field(description="Null: I said nothing, which counts as no")
    said_version: int | None = Field(description="The version that I answered to")
    recorded_at: datetime | None

    @classmethod
    def of(cls, standing: Standing, language: str) -> "MyConsentOut":
        """Describe a purpose and a channel."""
        text, word = standing.text, standing.word
        return cls(
            purpose=standing.purpose,
            channel=standing.channel,
            legal_basis=LegalBasis(text.legal_basis),
            text=text.text_en if language == "en" else text.text_zh,
            text_version=text.version,
            state=ConsentState(word.state) if word else None,
            said_version=word.text_version if word else None,
            recorded_at=word.recorded_at if word else None,
        )


class MyConsentsOut(OutModel):
    """All purposes and channels."""

    items: list[MyConsentOut]


class ConsentIn(StrictModel):
    """My yes or no to a purpose on a channel."""

    purpose: Purpose = Field(examples=["profiling"])
    channel: ConsentChannel = Field(
        default=ConsentChannel.ANY, description="A channel for marketing; `any` for the others"
    )
    granted: bool = Field(examples=[False])
    text_version: int | None = Field(default=None, ge=1, le=10_000, description="The text that I read; needed for yes")

    def word(self) -> Word:
        """Return what the domain takes."""
        return Word(self.purpose, self.channel, self.granted, self.text_version)


class ConsentsIn(StrictModel):
    """What I say; purposes and channels that are not named stay as they are."""

    decisions: list[ConsentIn] = Field(min_length=1, max_length=MOST_DECISIONS)


class DataRequestIn(StrictModel):
    """What I ask of my data."""

    kind: RequestKind = Field(examples=["explain"])
    details: Annotated[str, Note(1_000)] | None = Field(
        default=None,
        description="In my own words: what is wrong, what I want explained",
        examples=["为什么给我这个标签"],
    )


class MyDataRequestOut(OutModel):
    """A request for my data and how it stands."""

    id: DataRequestId
    kind: RequestKind
    state: RequestState
    created_at: datetime
    due_on: date = Field(description="The bank answers by this day")
    decided_at: datetime | None
    answer: str | None = Field(description="What the bank says")
    file_until: datetime | None = Field(description="Until when the file of a copy lies ready; null while it does not")

    @classmethod
    def of(cls, opened: Opened) -> "MyDataRequestOut":
        """Describe a request."""
        row, export = opened.row, opened.export
        return cls(
            id=row.id,
            kind=RequestKind(row.kind),
            state=RequestState(row.state),
            created_at=row.created_at,
            due_on=row.due_on,
            decided_at=row.decided_at,
            answer=opened.answer,
            file_until=export.expires_at if export and export.password_enc is not None else None,
        )


class ExportLinkOut(OutModel):
    """Where the file is fetched, once, and what opens it."""

    path: str = Field(description="Ask for it with my own token within 15 minutes; it works once")
    password: str = Field(description="Opens the encrypted zip; it stands nowhere else")
    expires_at: datetime
