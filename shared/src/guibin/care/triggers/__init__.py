"""What sets care off beside the calendar: days of customers, money that moves, tiers, complaints, sales."""
