"""Model families, one per file; each is imported when it is first needed (`families`)."""
