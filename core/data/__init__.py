"""Archives of real images: reading, hashing, splitting, auditing and fetching them."""
