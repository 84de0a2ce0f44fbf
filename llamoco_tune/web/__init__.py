"""The page in a browser: state a problem, see the choice and the program, run it. It computes nothing itself."""
