"""Care plans and the figures of care."""
