"""Fields of one customer that people hold as they stand."""
