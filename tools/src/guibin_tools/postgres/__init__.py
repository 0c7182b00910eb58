"""The embedded Postgres server of a development run and of a test run.

`binaries` finds the programs, `system_user` runs them as somebody who is not root, `cluster` decides where the data lie
and is the server's life: made, started, adopted, stopped.
"""
