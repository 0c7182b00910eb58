"""How evenly contact lies over the year, and how much of it sells nothing."""
