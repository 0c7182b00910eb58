"""Handovers on the customer port."""
