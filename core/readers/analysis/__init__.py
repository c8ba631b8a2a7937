"""What the answers of a study say, each figure with its interval."""
