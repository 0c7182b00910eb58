"""Commands and reads of relations."""
