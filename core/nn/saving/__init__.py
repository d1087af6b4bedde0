"""Weights and checkpoints as bytes of safetensors files, and back; who writes them to a disk is the caller's."""
