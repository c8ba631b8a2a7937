"""Explanation in a reader's own concepts: testing with concept activation vectors."""
