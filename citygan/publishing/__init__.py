"""Checkpoints and the page, onto the Hugging Face Hub."""
