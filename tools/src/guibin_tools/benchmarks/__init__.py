"""What `make bench` measures: each bench prints its figures and the machine, and fails below its floor."""
