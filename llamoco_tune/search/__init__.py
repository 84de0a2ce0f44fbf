"""Searches by prompts alone (OPRO, LMEA): a model proposes points of a problem, and is told their values."""
