"""Reaching customers, on the bank port."""
