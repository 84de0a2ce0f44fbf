"""Numbers of things in English; it words nothing else."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number of things: `1 problem`, `1,200 problems`; `plural` is for nouns that do not end in a mere s."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
