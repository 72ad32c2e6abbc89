"""Menu tuning: the best order, replay of recorded sessions, trials of two versions."""
