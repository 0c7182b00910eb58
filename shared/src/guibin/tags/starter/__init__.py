"""The starter pack: tags of all five axes and five kinds of customers, which a bank edits as it likes."""

from typing import Final

from guibin.tags.starter.assets import asset_structure
from guibin.tags.starter.forms import StarterTag
from guibin.tags.starter.liabilities import liabilities
from guibin.tags.starter.products import products_held
from guibin.tags.starter.sources import source
from guibin.tags.starter.transactions import transactions

STARTER_TAGS: Final = (
    *asset_structure(),
    *source(),
    *liabilities(),
    *products_held(),
    *transactions(),
)

__all__ = ["STARTER_TAGS", "StarterTag"]
