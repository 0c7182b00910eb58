"""The simulator's own SQLite file."""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
  appid TEXT PRIMARY KEY, secret TEXT NOT NULL, kind TEXT NOT NULL, open_account TEXT, redirect_hosts TEXT NOT NULL,
  ip_list TEXT NOT NULL, frozen INTEGER NOT NULL, quotas TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS token (
  value TEXT PRIMARY KEY, appid TEXT NOT NULL, kind TEXT NOT NULL, issued REAL NOT NULL, expires REAL NOT NULL,
  dead_at REAL);
CREATE TABLE IF NOT EXISTS counter (name TEXT NOT NULL, bucket TEXT NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY (name, bucket));
CREATE TABLE IF NOT EXISTS user (
  uid TEXT PRIMARY KEY, phone TEXT, country TEXT NOT NULL, nickname TEXT NOT NULL, blocked INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS identity (
  appid TEXT NOT NULL, openid TEXT NOT NULL, uid TEXT NOT NULL, subscribed INTEGER NOT NULL, since REAL,
  PRIMARY KEY (appid, openid));
CREATE TABLE IF NOT EXISTS code (
  code TEXT PRIMARY KEY, kind TEXT NOT NULL, appid TEXT NOT NULL, uid TEXT NOT NULL, scope TEXT NOT NULL,
  snapshot INTEGER NOT NULL, expires REAL NOT NULL, used INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS session_key (
  appid TEXT NOT NULL, openid TEXT NOT NULL, key TEXT NOT NULL, expires REAL NOT NULL, PRIMARY KEY (appid, openid));
CREATE TABLE IF NOT EXISTS oauth_token (
  value TEXT PRIMARY KEY, kind TEXT NOT NULL, appid TEXT NOT NULL, openid TEXT NOT NULL, uid TEXT NOT NULL,
  scope TEXT NOT NULL, expires REAL NOT NULL);
CREATE TABLE IF NOT EXISTS request (
  id INTEGER PRIMARY KEY, time REAL NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, query TEXT NOT NULL,
  body TEXT NOT NULL, status INTEGER NOT NULL, errcode INTEGER, rid TEXT, failure TEXT);
CREATE TABLE IF NOT EXISTS sms (
  id INTEGER PRIMARY KEY, time REAL NOT NULL, phone TEXT NOT NULL, purpose TEXT NOT NULL, code TEXT NOT NULL,
  text TEXT NOT NULL);
"""
_TABLES = (
    *("account", "token", "counter", "user", "identity", "code", "session_key", "oauth_token", "request", "sms"),
)

Row = dict[str, Any]


class Store:
    """Tables by plain SQL. One thread uses it; nothing in it has to survive a loss of power."""

    def __init__(self, file: Path | str) -> None:
        """Open the file, and make its tables where they are missing."""
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = MEMORY")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def execute(self, statement: str, **values: object) -> int:
        """Run a statement and return how many rows it changed."""
        return self._connection.execute(statement, values).rowcount

    def rows(self, statement: str, **values: object) -> list[Row]:
        """Return all rows of a query."""
        return [dict(row) for row in self._connection.execute(statement, values)]

    def row(self, statement: str, **values: object) -> Row | None:
        """Return the first row of a query."""
        found = self._connection.execute(statement, values).fetchone()
        return None if found is None else dict(found)

    def put(self, table: str, values: Mapping[str, object]) -> None:
        """Insert a row, or replace the one with the same key. Names of tables and columns are the simulator's own."""
        columns: Sequence[str] = tuple(values)
        named = ", ".join(f":{column}" for column in columns)
        self._connection.execute(
            f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({named})",  # noqa: S608 - our own names
            dict(values),
        )

    def clear(self) -> None:
        """Empty every table."""
        for table in _TABLES:
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
