"""Dashboards: the workspace in which W&B shows a study."""
