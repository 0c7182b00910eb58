"""How I may be reached, on the customer port."""
