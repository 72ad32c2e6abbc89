"""A synthetic population, played through the real engine into the real record, marked demo."""
