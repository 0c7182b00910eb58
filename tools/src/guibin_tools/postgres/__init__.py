"""The embedded Postgres server of a development run and of a test run.

`binaries` finds the programs, `system_user` runs them as somebody who is not root, `location` decides where the data
lie, `cluster` is the server's life: made, started, adopted, stopped.
"""
