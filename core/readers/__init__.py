"""A reader study: what people make of images and explanations, measured."""
