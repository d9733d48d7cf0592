"""Families: the models that laws recommend for a list of budgets."""
