"""The interface in groups, one file each: `ROUTER` is put into the application by `application.py`."""
