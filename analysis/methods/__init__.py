"""Training methods: what each adds to those before it, and weight decay against regularisation."""
