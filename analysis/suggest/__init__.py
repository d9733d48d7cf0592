"""What to run next: what the whole grid would say, and which of its runs tell most of it for their price."""
