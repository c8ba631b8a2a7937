"""From MRI to CT and back: slices, the head in them, and what grey levels mean."""
