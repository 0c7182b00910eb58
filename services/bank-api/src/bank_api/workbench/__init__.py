"""The manager's day on the bank port."""
