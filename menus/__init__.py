"""The reader of menus.yaml and codebooks: text in, a checked model out."""
