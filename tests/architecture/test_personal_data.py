"""Every table with a customer in it is shown in a copy of the data and emptied by an erasure, or says why not.

A new table fails here until somebody has decided (T-PII-6).
"""

import pytest
from sqlalchemy import Table

from guibin import wiring
from guibin.privacy.subject import ERASURE_STEPS, KEPT_AFTER_ERASURE, NOT_EXPORTED, SECTIONS
from guibin.registry import metadata

wiring.connect()


def is_of_customers(table: Table) -> bool:
    """Tell whether rows belong to customers: by a column, or because they would lie on the customer's shard."""
    distribution = table.info.get("distribution")
    lies_with_customers = isinstance(distribution, tuple) and distribution[1:] == ("customer",)
    return table.name == "customer" or "customer_id" in table.columns or lies_with_customers


OF_CUSTOMERS = {table.name for table in metadata.sorted_tables if is_of_customers(table)}
SHOWN = {name for section in SECTIONS for name in section.tables}
EMPTIED = {name for step in ERASURE_STEPS for name in step.tables}


@pytest.mark.parametrize("table", sorted(OF_CUSTOMERS))
def test_a_table_is_shown_in_a_copy_or_says_why_not(table: str) -> None:
    assert (table in SHOWN) != (table in NOT_EXPORTED)


@pytest.mark.parametrize("table", sorted(OF_CUSTOMERS))
def test_a_table_is_emptied_by_an_erasure_or_says_why_not(table: str) -> None:
    assert (table in EMPTIED) != (table in KEPT_AFTER_ERASURE)


def test_the_lists_name_no_table_that_is_not_there() -> None:
    known = {table.name for table in metadata.sorted_tables}
    assert SHOWN | EMPTIED | NOT_EXPORTED.keys() | KEPT_AFTER_ERASURE.keys() <= known


def test_sections_have_names_of_their_own_and_every_exclusion_has_a_reason() -> None:
    names = [section.name for section in SECTIONS]
    assert sorted(names) == sorted(set(names))
    assert all(len(reason) > 10 for reason in (*NOT_EXPORTED.values(), *KEPT_AFTER_ERASURE.values()))
