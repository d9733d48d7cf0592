"""What we learn: a table of results becomes a frontier, rules with intervals, figures and a report."""
