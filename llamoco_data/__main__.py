"""`python -m llamoco_data` is `llamoco-data`."""

from llamoco_data.cli import main

if __name__ == "__main__":
    main()
