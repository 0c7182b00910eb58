"""Pairs of records are weighed by Splink in an in-memory DuckDB: how many bits each field says, and all together.

Splink is imported when the first pair is weighed: it takes a second and a half, and only the worker weighs.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from guibin.customers.proposing.model import COMPARISONS, RARE_VALUES_SAY_MORE, Level, MatchModel, Says
from guibin.customers.proposing.traits import Traits

_MEMORY: Final = "256MB"
_RAREST: Final = 1e-6
_ABSENT: Final = -1
_PAIR: Final = "pair"


@dataclass(frozen=True, slots=True)
class Weight:
    """What one field says of a pair, in bits: above 0 for one person, below 0 for two."""

    field: str
    level: str
    says: Says
    bits: float


@dataclass(frozen=True, slots=True)
class Scored:
    """What all fields say of a pair: with the prior the bits are the odds, and the odds are the probability."""

    bits: float
    probability: float
    weights: tuple[Weight, ...]


def score(
    model: MatchModel,
    pairs: Sequence[tuple[Traits, Traits]],
    *,
    customers: int,
    name_frequencies: Mapping[str, float],
) -> list[Scored]:
    """Weigh pairs in a bank of so many customers; `name_frequencies` is the share of them by normalised name.

    Before anything is compared a record is as likely one customer's as any other's: the prior is one in `customers`.
    A field that one of the two lacks has no weight.
    """
    if not pairs:
        return []
    import duckdb  # noqa: PLC0415 - see above
    import pyarrow as pa  # noqa: PLC0415 - see above
    from splink import Linker, SettingsCreator, block_on  # noqa: PLC0415 - see above
    from splink.backends.duckdb import DuckDBAPI  # noqa: PLC0415 - see above

    with duckdb.connect(config={"memory_limit": _MEMORY, "threads": 1}) as connection:
        database = DuckDBAPI(connection=connection)
        sides = [
            database.register(
                pa.Table.from_pylist(_rows((pair[side] for pair in pairs), name_frequencies), _schema(pa))
            )
            for side in (0, 1)
        ]
        settings = SettingsCreator(
            link_type="link_only",
            comparisons=[_comparison(model, name, levels) for name, levels in COMPARISONS.items()],
            blocking_rules_to_generate_predictions=[block_on(_PAIR)],
            probability_two_random_records_match=1 / customers,
            retain_intermediate_calculation_columns=True,
        )
        linker = Linker(sides, settings, log_level=logging.ERROR)
        found = linker.inference.predict(warning_mode="never").as_record_list()
    rows = sorted(found, key=lambda row: int(row["unique_id_l"]))
    return [_scored(row) for row in rows]


def _rows(side: Iterable[Traits], name_frequencies: Mapping[str, float]) -> list[dict[str, Any]]:
    return [
        {
            "unique_id": str(number),
            _PAIR: str(number),
            **asdict(traits),
            "tf_name": max(name_frequencies.get(traits.name or "", 0.0), _RAREST),
        }
        for number, traits in enumerate(side)
    ]


def _schema(pa: Any) -> Any:
    """All columns are text, also where a whole batch lacks one."""
    columns = ("unique_id", _PAIR, *Traits.__slots__)
    return pa.schema([*((name, pa.string()) for name in columns), ("tf_name", pa.float64())])


def _comparison(model: MatchModel, name: str, levels: Sequence[Level]) -> dict[str, Any]:
    absent = {"sql_condition": f"{name}_l IS NULL OR {name}_r IS NULL", "label_for_charts": "-", "is_null_level": True}
    return {
        "output_column_name": name,
        "comparison_levels": [absent, *(_level(model, name, level) for level in levels)],
    }


def _level(model: MatchModel, name: str, level: Level) -> dict[str, Any]:
    m, u = model.parameters[name][level.name]
    said = {
        "sql_condition": level.sql,
        "label_for_charts": level.name,
        "m_probability": m,
        "u_probability": u,
    }
    if RARE_VALUES_SAY_MORE.get(name) == level.name:
        said |= {"tf_adjustment_column": name, "tf_adjustment_weight": 1.0}
    return said


def _scored(row: Mapping[str, Any]) -> Scored:
    weights = []
    for name, levels in COMPARISONS.items():
        number = row[f"gamma_{name}"]
        if number == _ABSENT:
            continue
        level = levels[len(levels) - 1 - number]
        weights.append(Weight(name, level.name, level.says, row[f"mw_{name}"] + row.get(f"mw_tf_adj_{name}", 0.0)))
    return Scored(row["match_weight"], row["match_probability"], tuple(weights))
