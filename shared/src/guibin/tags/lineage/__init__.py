"""What tags rest on, who rests on them, and how much they are used."""
