"""Gifts on the customer port."""
