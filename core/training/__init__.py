"""Training loops, configurations and the writing of checkpoints."""
