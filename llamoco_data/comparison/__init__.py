"""One self-contained HTML page about score folders: models and rivals beside each other. It scores nothing."""

from llamoco_data.comparison.numbers import Comparison, compare
from llamoco_data.comparison.reading import holds_scores, read_scores
from llamoco_data.comparison.writing import Compared, write_scores_page

__all__ = ["Compared", "Comparison", "compare", "holds_scores", "read_scores", "write_scores_page"]
