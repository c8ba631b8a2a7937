"""Imports every model family, so that its builder is registered."""
