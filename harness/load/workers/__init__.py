"""Runs with workers: their part, their measurements, their absence."""
