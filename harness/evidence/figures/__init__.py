"""Samples, and the figures made of them."""
