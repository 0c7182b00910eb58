"""Commands and reads of rules of earning, one file per verb."""
