"""Which form of an answer an Accept header asks for."""

import pytest

from guibin.web.formats import CSV, HTML, names_one_of, takes_json

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "json", "page"),
    [
        ("application/json", True, False),
        ("*/*", True, False),
        (BROWSER, True, True),
        ("Text/HTML", False, True),
        ("text/html;q=0, application/json", True, False),
        ("text/csv, application/json;q=0.0", False, False),
        ("application/xml", False, False),
    ],
)
def test_a_form_is_taken_when_it_is_named_and_not_refused(accept: str, json: bool, page: bool) -> None:
    assert (takes_json(accept), names_one_of(accept, {HTML})) == (json, page)


def test_csv_is_another_form() -> None:
    assert names_one_of("text/csv;header=present", {CSV})
