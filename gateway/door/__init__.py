"""The edge: who may come in, how much they may send, and what happens to those who misbehave."""
