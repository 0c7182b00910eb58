"""Calls by a click, on the bank port."""
