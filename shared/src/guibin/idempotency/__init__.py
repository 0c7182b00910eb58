"""Retrying safely: one key of one actor has one effect and one answer."""
