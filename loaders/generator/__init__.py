"""Synthetic records in the real document format: the parts from which `loaders.generate` builds its stream."""
