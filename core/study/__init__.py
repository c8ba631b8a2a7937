"""What synthetic training images add: a controlled study over regimes, arms, seeds and models."""
