"""What pages and the command line ask for: page → service → model."""
