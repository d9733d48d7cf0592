"""What we learn: from a table of results to a frontier, rules with intervals, figures and a report."""
