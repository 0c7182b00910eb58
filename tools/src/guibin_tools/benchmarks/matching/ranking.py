"""How good a ranking of pairs is against the truth, and the two rankings that are compared: ours and plain Splink's."""

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from guibin.customers.proposing.blocks import blocks_of
from guibin.customers.proposing.model import DEFAULT
from guibin.customers.proposing.repository import MOST_IN_A_BLOCK
from guibin.customers.proposing.scoring import score
from guibin.customers.proposing.service import LEAST_PROBABILITY, SMALL_BANK
from guibin.customers.proposing.traits import Traits, traits_of
from guibin.security.ciphers import KeyRing
from guibin.security.key_file import KeyMaterial
from guibin_tools.benchmarks.matching.labelled import Labelled, Told

Ranking = Mapping[tuple[int, int], float]
"""The probability of pairs, by their places in both sources; other pairs were not compared."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Of the pairs from a probability on: how many are right, how many of the right ones are there, and both in one."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Return the harmonic mean."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def quality(ranking: Ranking, truth: set[tuple[int, int]], *, least: float) -> Quality:
    """Measure the pairs of at least a probability."""
    proposed = {pair for pair, probability in ranking.items() if probability >= least}
    right = len(proposed & truth)
    return Quality(right / len(proposed) if proposed else 0.0, right / len(truth))


def best_f1(ranking: Ranking, truth: set[tuple[int, int]]) -> float:
    """Return the best F1 that any threshold gives: what the order alone is worth."""
    best, right = 0.0, 0
    for number, pair in enumerate(sorted(ranking, key=lambda one: -ranking[one]), start=1):
        right += pair in truth
        best = max(best, 2 * right / (number + len(truth)))
    return best


def ours(labelled: Labelled) -> Ranking:
    """Rank as the worker does: pairs that share a hash, weighed by the model that a bank starts from."""
    keys = KeyRing(KeyMaterial.generate())
    sides = [[_traits(told) for told in side] for side in (labelled.left, labelled.right)]
    pairs = sorted(_blocked(keys, sides))
    counted = Counter(traits.name for side in sides for traits in side if traits.name is not None)
    customers = max(counted.total(), SMALL_BANK)
    shares = {name: count / customers for name, count in counted.items()}
    compared = [(sides[0][one], sides[1][other]) for one, other in pairs]
    scores = score(DEFAULT, compared, customers=customers, name_frequencies=shares)
    return {pair: found.probability for pair, found in zip(pairs, scores, strict=True)}


def _traits(told: Told) -> Traits:
    certificate_type = None if told.certificate_no is None else "id_card"
    return traits_of(asdict(told), party_type="person", gender=told.gender, certificate_type=certificate_type)


def _blocked(keys: KeyRing, sides: Sequence[Sequence[Traits]]) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    places: list[dict[tuple[str, object], list[int]]] = []
    for side in sides:
        at: dict[tuple[str, object], list[int]] = defaultdict(list)
        for place, traits in enumerate(side):
            for name, value in {**blocks_of(keys, traits), "certificate": traits.certificate}.items():
                if value is not None:
                    at[name, value].append(place)
        places.append(at)
    for block, one in places[0].items():
        other = places[1].get(block, [])
        if len(one) + len(other) <= MOST_IN_A_BLOCK:
            found |= {(left, right) for left in one for right in other}
    return found


def plain_splink(labelled: Labelled) -> Ranking:
    """Rank by Splink's own comparisons, trained by it on the same records; each field blocks by its equality."""
    import duckdb  # noqa: PLC0415 - only this bench pays for it
    import pyarrow as pa  # noqa: PLC0415 - the same
    import splink.comparison_library as cl  # noqa: PLC0415 - the same
    from splink import Linker, SettingsCreator, block_on  # noqa: PLC0415 - the same
    from splink.backends.duckdb import DuckDBAPI  # noqa: PLC0415 - the same

    fields = [name for name in ("phone", "certificate_no") if any(getattr(told, name) for told in labelled.left)]
    with duckdb.connect() as connection:
        database = DuckDBAPI(connection=connection)
        sides = [database.register(pa.Table.from_pylist(_rows(side))) for side in (labelled.left, labelled.right)]
        settings = SettingsCreator(
            link_type="link_only",
            comparisons=[
                cl.NameComparison("name"),
                cl.DateOfBirthComparison("birth_date", input_is_string=True),
                cl.LevenshteinAtThresholds("address", [2, 5]),
                *(cl.LevenshteinAtThresholds(name, [1]) for name in fields),
            ],
            blocking_rules_to_generate_predictions=[
                block_on(name) for name in ("name", "birth_date", "address", *fields)
            ],
        )
        linker = Linker(sides, settings, log_level=logging.ERROR)
        linker.training.estimate_probability_two_random_records_match([block_on("name", "birth_date")], recall=0.6)
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
        for name in ("birth_date", "name"):
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(name))
        found = linker.inference.predict(threshold_match_probability=0.001, warning_mode="never").as_record_list()
    return {(int(row["unique_id_l"][1:]), int(row["unique_id_r"][1:])): row["match_probability"] for row in found}


def _rows(side: Sequence[Told]) -> list[dict[str, Any]]:
    return [{"unique_id": f"r{place}", **asdict(told)} for place, told in enumerate(side)]


def report(labelled: Labelled, who: str, ranking: Ranking) -> Quality:
    """Print a line of figures and return those at the probability from which people are asked."""
    import typer  # noqa: PLC0415 - the functions above are also used where nothing is printed

    truth = labelled.truth
    found = quality(ranking, truth, least=LEAST_PROBABILITY)
    typer.echo(
        f"matching: {labelled.name}, {who}: precision {found.precision:.3f}, recall {found.recall:.3f},"
        f" F1 {found.f1:.3f} from a probability of {LEAST_PROBABILITY} on; best F1 of the order"
        f" {best_f1(ranking, truth):.3f}; {len(ranking)} pairs compared, {len(truth)} right"
    )
    return found
