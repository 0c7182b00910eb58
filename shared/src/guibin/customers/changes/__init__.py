"""To whom something has just happened: a queue for whoever follows customers at once."""
