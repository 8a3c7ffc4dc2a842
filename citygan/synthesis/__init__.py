"""Label map in, photo out."""
