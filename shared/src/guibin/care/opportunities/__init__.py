"""Opportunities: what a customer may take next, from where it is known, and what became of it."""
