"""Lists as files: asked for by staff, made by the worker, fetched once.

The domain stands directly above privacy, whose refusal of a file that is not there it shares, and below everything that
lists show: what a list reads is handed to it (`lists.py`) by the service that knows the screens.
"""
