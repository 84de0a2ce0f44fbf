"""Hill climbing for the portfolio: `hill_climbing.py` is the program, `hill_climbing.toml` its entry."""
