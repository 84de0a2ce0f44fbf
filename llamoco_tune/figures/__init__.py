"""Pictures of a run: its losses, and how the warm-up moves the embeddings of prompts. They need matplotlib."""

from llamoco_tune.figures.drawing import embedding_figure, loss_figure, summary_figure
from llamoco_tune.figures.embeddings import Embeddings, read_embeddings

__all__ = ["Embeddings", "embedding_figure", "loss_figure", "read_embeddings", "summary_figure"]
