"""Care on the bank port."""
