"""Metrics of generators, classifiers and detectors, and the commands that write them."""
