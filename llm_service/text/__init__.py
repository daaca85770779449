"""From a conversation to what the model reads, and from what it writes to what is said."""
