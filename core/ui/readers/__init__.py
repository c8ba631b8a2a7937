"""The reader study in the browser: taking part, setting up, results."""
