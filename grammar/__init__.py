"""Mistakes that can be found without understanding the sentence, one file for each family.

Pure: no I/O, no clock. The analysis marks by these rules and the tutor recasts by them, so that nobody is
praised for what is counted against them afterwards.
"""
