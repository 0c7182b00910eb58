"""A simulator of the bank's telephony, for development and tests; docs/integrators.md says how it is spoken to."""
