"""Mistakes that can be found without understanding the sentence, one file for each family."""
