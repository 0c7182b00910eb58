"""All SQL of managers: the people, the coverage, the queue."""

from guibin.managers.repository.coverage import (
    InBook,
    begin_coverage,
    book,
    coverage_of_the_gone,
    end_coverage,
    is_primary_manager,
    list_coverage,
    needy_customers,
    open_coverages,
    served_since,
)
from guibin.managers.repository.people import (
    Person,
    Served,
    get_person,
    insert_manager,
    list_managers,
    loads,
    lock_managers,
    managers_since,
    primary_manager,
    seats,
)
from guibin.managers.repository.queue import list_unassigned, open_unassigned, put_unassigned, resolve_unassigned

__all__ = [
    "InBook",
    "Person",
    "Served",
    "begin_coverage",
    "book",
    "coverage_of_the_gone",
    "end_coverage",
    "get_person",
    "insert_manager",
    "is_primary_manager",
    "list_coverage",
    "list_managers",
    "list_unassigned",
    "loads",
    "lock_managers",
    "managers_since",
    "needy_customers",
    "open_coverages",
    "open_unassigned",
    "primary_manager",
    "put_unassigned",
    "resolve_unassigned",
    "seats",
    "served_since",
]
