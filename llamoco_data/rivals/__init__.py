"""Rivals of a model, which are no models: they answer with files of programs as it does. Nothing is scored here."""

from llamoco_data.rivals.catalogue import RIVALS, Rival
from llamoco_data.rivals.writing import Written, write_rival

__all__ = ["RIVALS", "Rival", "Written", "write_rival"]
