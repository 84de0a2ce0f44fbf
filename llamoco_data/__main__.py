"""Runs the command line of `llamoco-data` for `python -m llamoco_data`."""

from llamoco_data.cli import main

if __name__ == "__main__":
    main()
