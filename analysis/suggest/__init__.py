"""What to run next: what the whole grid would say, and the runs that teach most about it for their price."""
