"""All that touches the BSS."""
