"""A synthetic bank: people who cannot exist, in seven lines that overlap, with a year of balances and events."""
