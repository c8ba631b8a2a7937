"""GAN families: style-based, WGAN-GP and DCGAN, in pixels or in the autoencoder's latents."""
