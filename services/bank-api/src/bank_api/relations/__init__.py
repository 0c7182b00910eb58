"""How customers stand to each other, on the bank port."""
