"""Commands and reads of privacy, one file per subject."""
