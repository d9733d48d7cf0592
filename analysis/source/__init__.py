"""Sources: what the user names on the command line, read and cleaned into one table."""
