"""Writes programs for the prompts of a split, by a local model or a server, and only those that the file lacks."""
