"""The HTTP face: the page, health, status, models."""
