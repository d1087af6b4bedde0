"""How neural networks learn: specs, programs, kernels and training. Touches no file, socket, clock, log or environment."""
