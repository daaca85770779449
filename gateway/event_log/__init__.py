"""What a session's conversation was told, kept in a file so that it can be decided again: words, no audio."""
