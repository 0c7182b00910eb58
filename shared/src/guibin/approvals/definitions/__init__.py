"""Definitions under four eyes: drafted, edited where they stand, submitted, in force once another person has agreed."""
