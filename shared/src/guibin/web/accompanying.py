"""Which calls reach the customers whom a member of staff gave away and still accompanies.

It is what reads one customer, whom its path names, and what says so: lists, figures, exports, looks at what is masked
and all that changes something stay with whom one serves. The grants of such a call carry it, so that its own scope, the
scopes of its parts and the database's policies follow from one decision.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from guibin.security.actors import DataScope, Grant, Verb
from guibin.web.declaration import Declaration

ONE_CUSTOMER: Final = "{customer_id}"


def reaches_accompanied(declaration: Declaration, *, method: str, path: str) -> bool:
    """Tell whether a route reaches them: `path` is the template of its path."""
    reads_one = method == "GET" and ONE_CUSTOMER in path
    return declaration.accompanied or (reads_one and all(one.verb is Verb.READ for one in declaration.callers))


def accompanying(grants: Iterable[Grant], declaration: Declaration) -> list[Grant]:
    """Let what reads own customers, and what the route itself asks for, reach the accompanied ones too."""
    asked = {(one.verb, one.domain) for one in declaration.callers}
    return [
        replace(one, accompanies=True)
        if one.data is DataScope.OWN_CUSTOMERS and (one.verb is Verb.READ or (one.verb, one.domain) in asked)
        else one
        for one in grants
    ]
