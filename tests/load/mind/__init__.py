"""What a mind behind the tutor is worth: sixty things that people say, answered with and without it."""
