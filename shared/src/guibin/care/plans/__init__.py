"""Care plans: how often each tier is looked after, what sets care off beside that, and when a delay is told to whom."""
