"""Where a learning curve will end: from the part of it that is known, and from finished curves like it."""
