"""How well the embedded profile hears and speaks, and what that costs: `make bench-embedded`."""
