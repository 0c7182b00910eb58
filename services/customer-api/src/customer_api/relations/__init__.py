"""My family, on the customer port."""
