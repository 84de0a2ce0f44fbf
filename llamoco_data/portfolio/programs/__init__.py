"""One optimizer, one file: the texts that are run and taught. They are read, and never imported by the project."""
