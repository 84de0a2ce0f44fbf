"""The openings of answers as a tree of tokens, on which a model's choice goes from its root to a leaf."""

from dataclasses import dataclass

import torch

from llamoco_tune.openings import Openings


@dataclass(frozen=True, slots=True, eq=False)
class Trie:
    """The openings as a tree below the prompt's last token.

    The tokens after which openings go on are its inner nodes, numbered from 1; node 0 is the prompt's last token. An
    edge is a token that follows a node. The last token of an opening is an edge, and no node, since nothing needs to
    be known behind it. Axes: N nodes without node 0, E edges, K openings.
    """

    optimizers: tuple[str, ...]
    tokens: torch.Tensor
    depths: torch.Tensor
    """Number of tokens from node 0 to each node; at least 1."""
    sees: torch.Tensor
    """Whether a node, by row, sees another: itself and those above it."""
    edge_nodes: torch.Tensor
    """Node that each edge leaves, 0 included."""
    edge_tokens: torch.Tensor
    paths: torch.Tensor
    """1 where an opening goes along an edge, else 0."""

    @property
    def deepest(self) -> int:
        """Number of tokens from node 0 to the deepest node; 0 if it is the only one."""
        return max(self.depths.tolist(), default=0)

    @classmethod
    def of(cls, openings: Openings) -> "Trie":
        """The trie of some openings."""
        nodes: dict[tuple[int, ...], int] = {(): 0}
        edges: dict[tuple[int, ...], int] = {}
        sequences = [tuple(openings.by_optimizer[name]) for name in openings.optimizers]
        for tokens in sequences:
            for end in range(1, len(tokens) + 1):
                edges.setdefault(tokens[:end], len(edges))
                if end < len(tokens):
                    nodes.setdefault(tokens[:end], len(nodes))
        inner = [path for path in nodes if path]
        paths_EK = torch.zeros(len(edges), len(sequences))
        for k, tokens in enumerate(sequences):
            for end in range(1, len(tokens) + 1):
                paths_EK[edges[tokens[:end]], k] = 1
        return cls(
            optimizers=openings.optimizers,
            tokens=torch.tensor([path[-1] for path in inner], dtype=torch.int64),
            depths=torch.tensor([len(path) for path in inner], dtype=torch.int64),
            sees=torch.tensor(
                [[path[: len(above)] == above for above in inner] for path in inner], dtype=torch.bool
            ).reshape(len(inner), len(inner)),
            edge_nodes=torch.tensor([nodes[path[:-1]] for path in edges], dtype=torch.int64),
            edge_tokens=torch.tensor([path[-1] for path in edges], dtype=torch.int64),
            paths=paths_EK,
        )
