"""Handovers (客户交接): what goes from one manager to another with a customer, and who signed for it."""
