"""Points that staff add to a customer's score."""
