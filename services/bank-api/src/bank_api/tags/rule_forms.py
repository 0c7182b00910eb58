"""The two forms in which a rule is sent."""

from typing import Annotated, Any

from pydantic import Field

from guibin.core.text import Note
from guibin.tags.rules.text import MAX_LENGTH

RULE_EXAMPLE = {"fact": "aum_mda", "op": ">=", "value": "1000000.00"}


RuleTree = Annotated[
    dict[str, Any],
    Field(
        description=(
            "What gives the tag, in the form of its kind. `rule`: a node, which is {all: [...]}, {any: [...]}, "
            "{not: node} or a condition {fact, op, value}; at most 5 levels, 50 nodes and 1,000 values in a list. "
            "`values`: {values: [{value, when: node}]}, the first that holds is given. `life_cycle`: {stages: [{value, "
            "when: node}]}, the last that holds. `aggregate`: {figure, ranges?}. `arithmetic`: {formula, ranges?}; a "
            "formula is a decimal as text, {fact: ...}, or {add | subtract | multiply | divide: [...]}; divisions are "
            "rounded half up to 6 places, the result to 2. `preference`: {most, by?, where?, window?, at_most?, "
            "least_percent?}. `rfm`: {where?, window?, recency, frequency, monetary, cells: [{value, recency?: [1, 5], "
            "...}]}. `score`: {score: [{points, when: node}], ranges?}. `model`, `imported`: {values?: [{value}], "
            "numeric?}. Ranges are [{value?, below}], rising; only the last may be without a bound. A value may have "
            "name_zh and name_en.\n\n"
            "`fact` is a fact of the customer, a figure over events {sum: event.amount, where: node, window: "
            "{last_days: 90}}, or one over what is held on the day {sum: holding.balance, where: node}. A window is "
            "{last_days}, {before_days}, {from, to} or {period: this_month | previous_quarter | ...}. `value` is a "
            "value, {fact: ...}, or for dates {days_from_now: n}.\n\n"
            "Conditions that say yes or no by themselves: {tag: code, for_days: n}, who has (and has had that long) "
            "another tag; {last_event: {where, window, satisfies: node}}; {sequence: {first: node, then: node, "
            "within_days: n, window}}; {held: node, for_days: n}, what has held on each of n days; "
            "{related: {of: household, quantifier: any | all, satisfies: node}}. More operands: "
            "{fact: aum, days_ago: 90}, {tag_number: code}, "
            "{tag_values: code}, {count: related, of: household, where: node}; {fact: ..., times: '0.8'} as a value "
            "multiplies. A term of a formula may be {tag: code}. The whole language: docs/rules.md"
        ),
        examples=[RULE_EXAMPLE],
    ),
]


RuleText = Annotated[
    str,
    Note(MAX_LENGTH),
    Field(examples=['aum_mda >= 1000000.00 and not products has_any ["GOLD"]']),
]
