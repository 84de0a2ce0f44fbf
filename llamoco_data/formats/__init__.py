"""Writes the runs of a campaign in formats of the field: an ASlib scenario, or the files of IOHprofiler."""

from llamoco_data.formats.writing import FORMATS, Converted, Format, convert

__all__ = ["FORMATS", "Converted", "Format", "convert"]
