"""From a rule tree to SQL: a Boolean expression over `customer_fact` and one join for each family of figures.

Everything that a rule says reaches the database as a bound parameter. All rules that are compiled together share one
aggregation of each family, in which each different figure stands once.
"""

from guibin.tags.compiler.columns import FACTS
from guibin.tags.compiler.plan import CompiledRules, compile_rules

__all__ = ["FACTS", "CompiledRules", "compile_rules"]
