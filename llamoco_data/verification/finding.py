"""What a verification says: one line on one thing, with what to do about it."""

from llamoco_data.identity import Record


class Finding(Record):
    """Something that is not as it should be, or that a person may wonder about."""

    where: str
    """A file, or a problem, run or row by its id."""
    what: str
    advice: str
    """What to do."""
    note: bool = False
    """Whether it is harmless: the folder is well all the same."""

    @property
    def line(self) -> str:
        return f"{'note: ' if self.note else ''}{self.where}: {self.what}; {self.advice}"
