"""`python -m bank_api` serves the port."""

from bank_api.main import serve

serve()
