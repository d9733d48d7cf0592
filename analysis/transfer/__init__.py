"""Transfer: what pre-trained networks are worth on another task."""
