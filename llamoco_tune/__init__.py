"""Tunes a language model on an instruction set: contrastive warm-up, teaching, generation. It reads only files."""
