"""Terms under four eyes: one document is in force, and another takes its place once another person has agreed."""
