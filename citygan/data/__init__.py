"""Image files, data sets and their augmentation."""
