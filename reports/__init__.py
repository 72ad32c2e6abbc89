"""Pure functions over typed counts."""
