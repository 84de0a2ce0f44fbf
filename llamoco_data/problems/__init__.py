"""Optimization problems: what one is, what it is made of, how to draw one and how to evaluate it."""
