"""`python -m customer_api` serves the port."""

from customer_api.main import serve

serve()
