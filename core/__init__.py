"""SynthLens library: generate, explore, compare, verify and explain synthetic medical images."""

from core._torchvision import prepare

prepare()

__version__ = "0.1.0"
