"""Commands and reads of suppliers, one file for each verb."""
