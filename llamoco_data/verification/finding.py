"""A finding of a verification: one line about one thing, with what to do about it."""

from llamoco_data.identity import Record


class Finding(Record):
    """Something that is wrong, or that is harmless but odd."""

    where: str
    """A file, or a problem, run or row by its id."""
    what: str
    """What was found, as a predicate of `where`."""
    advice: str
    """What to do about it."""
    note: bool = False
    """Whether the finding is harmless."""

    @property
    def line(self) -> str:
        return f"{'note: ' if self.note else ''}{self.where}: {self.what}; {self.advice}"
