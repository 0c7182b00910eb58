"""Tags in real time: who has changed is judged again at once, as of today, on what is true now."""
