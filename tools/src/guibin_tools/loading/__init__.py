"""Puts a generated or a mapped bank into the database.

Organisation and catalogue come in as the owner; feeds come in through the loader, as a line would deliver them.
"""
