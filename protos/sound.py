"""The sample rates of sound between the gateway and the services: 16-bit little-endian mono either way."""

HEARD_RATE = 16_000
"""Of what users say, in Hz, whatever their clients send."""
SPOKEN_RATE = 24_000
"""Of what replies sound like, in Hz, whatever clients are sent."""
