"""Policies (时限规则): when each line's files are due, which kinds must be in, and what the night does without them."""
