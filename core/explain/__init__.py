"""Explanations of any model's score: maps, how far to trust them, and their data-set figures."""
