"""Gifts on the bank port."""
