"""The alembic revision that this version of the code needs; a test holds it to the newest migration."""

SCHEMA_VERSION = "0081"
