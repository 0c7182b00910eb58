"""docs/events.md is the list of events: each type with its fields, and an example that the code reads."""

import re
from pathlib import Path

import pytest

from guibin.core.strict_json import read_object
from guibin.outbox.events import EVENTS, EventData, EventName

PAGE = (Path(__file__).parents[3] / "docs/events.md").read_text("utf-8")
SECTION = re.compile(r"^## ([a-z_.]+)$(.*?)^```json\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
SECTIONS = {name: (words, example) for name, words, example in SECTION.findall(PAGE)}


def test_the_page_has_every_type_and_no_other() -> None:
    assert set(SECTIONS) == set(EventName) == set(EVENTS)


@pytest.mark.parametrize("data", EVENTS.values(), ids=EVENTS)
def test_an_example_has_all_fields_and_is_an_event(data: type[EventData]) -> None:
    words, example = SECTIONS[data.type]
    read = read_object(example.encode(), max_depth=2)
    assert set(read) == set(data.model_fields)
    assert data.model_validate(read).payload() == read
    assert words.strip()


def test_the_page_tells_the_fields_of_the_envelope() -> None:
    table = PAGE.partition("| field | is |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [
        "id",
        "type",
        "created_at",
        "subject",
        "customer_id",
        "data",
        "contact",
    ]
