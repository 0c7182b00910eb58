"""`guibin up`: one process in one terminal that starts everything in order and stops it in reverse."""
