"""Where a learning curve will end, predicted from its known part and from finished curves like it."""
