"""Handovers on the bank port."""
