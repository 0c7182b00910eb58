"""Calls by a click (点击外呼): the bank's telephony connects the two; nobody here is shown the number."""
