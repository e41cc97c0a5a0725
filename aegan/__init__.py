"""AE-GAN: an autoencoder and a GAN that share one network, small enough to read aloud."""

__version__ = "0.1.0"
