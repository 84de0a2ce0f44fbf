"""Keeps transformers from writing on the terminal: no progress bars, no advice; what fails is still an error."""

from huggingface_hub.utils import logging as hub_logging
from transformers.utils import logging


def quiet_transformers() -> None:
    """For the whole process: what a command has to say it says itself."""
    hub_logging.set_verbosity_error()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
