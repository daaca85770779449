"""The language model as a judge: what it is shown, what it must answer, how its answers become one report."""
