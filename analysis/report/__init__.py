"""Reports: the files, the page and the terminal output that say what a study says."""
