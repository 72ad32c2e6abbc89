"""A BSS of its own: synthetic subscribers in an SQLite file, for trials, tests and rehearsals."""
