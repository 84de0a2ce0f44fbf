"""Problems as texts: Python or LaTeX below a request in words. It runs nothing, and knows no optimizer."""
