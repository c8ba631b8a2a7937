"""The latent space of a style-based generator: directions, their measured effects, inversion."""
