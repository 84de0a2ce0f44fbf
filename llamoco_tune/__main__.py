"""`python -m llamoco_tune`: the same as the command `llamoco-tune`."""

from llamoco_tune.cli import main

main()
