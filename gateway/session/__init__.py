"""One client's stay: the shell around the conversation, which carries out its commands."""
