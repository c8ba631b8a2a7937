"""Decoding of untrusted image files; use it through `core.images`."""
