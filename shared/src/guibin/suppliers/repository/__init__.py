"""All SQL of suppliers."""
