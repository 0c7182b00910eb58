"""All SQL of rights: the catalogue, stock and codes, redemptions."""
