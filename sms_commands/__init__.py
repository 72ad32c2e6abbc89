"""Text: messages in, messages out; codebooks."""
