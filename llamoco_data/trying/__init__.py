"""Tries a program on a person's own problem, beside others, and shows what came out. It keeps nothing but a page."""

from llamoco_data.trying.lines import Lines
from llamoco_data.trying.page import check_place, write_page
from llamoco_data.trying.running import Point, Trial, Tried, others, tried, wanted_names
from llamoco_data.trying.sketch import MARKS, sketch

__all__ = [
    "MARKS",
    "Lines",
    "Point",
    "Trial",
    "Tried",
    "check_place",
    "others",
    "sketch",
    "tried",
    "wanted_names",
    "write_page",
]
