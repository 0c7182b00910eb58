"""What is known of customers day by day: who they were, so that a rule can be judged as of any day on record."""
