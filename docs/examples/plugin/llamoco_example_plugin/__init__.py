"""One of each kind of plug-in; LLaMoCo reads the files beside this one, by the names of the entry points."""
