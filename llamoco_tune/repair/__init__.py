"""Asks a model to repair the programs that failed, from their text and their error alone. It runs no program."""
