"""What stands around a prompt for a base without a chat template."""

PLAIN = "### Problem\n{prompt}\n\n### Program\n"
"""Template with the prompt; the answer follows it."""
