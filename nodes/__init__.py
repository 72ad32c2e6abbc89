"""One module per node kind. A new kind needs a decision record in docs/adr/."""
