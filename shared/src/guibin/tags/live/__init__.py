"""Tags in real time: who is touched is judged again at once, as of today, on what is true now."""
