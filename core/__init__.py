"""SynthLens library: generate, explore, compare, verify and explain synthetic medical images."""

from core._torchvision import declare_missing_operators

declare_missing_operators()

__version__ = "0.1.0"
