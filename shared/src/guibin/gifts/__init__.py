"""Gifts (礼品) that managers hand over: stock of a branch, a yearly cap for each customer, a second signature."""
