"""What an operator is told: one clear sentence instead of a traceback."""


class OperatorError(Exception):
    """Something that a person at the command line can put right; its text is the whole message."""
