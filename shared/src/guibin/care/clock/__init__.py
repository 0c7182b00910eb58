"""The clock of care: what is late is told to the manager, then to the branch's head; and how much was kept."""
