"""Programs for the prompts of a split, by a local model or a server: what is missing in the file is written to it."""
