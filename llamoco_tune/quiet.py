"""Keeps transformers from writing on the terminal: no progress bars and no advice. Errors are still raised."""

from huggingface_hub.utils import logging as hub_logging
from transformers.utils import logging


def quiet_transformers() -> None:
    """Silences the libraries for the whole process; commands print messages of their own."""
    hub_logging.set_verbosity_error()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
