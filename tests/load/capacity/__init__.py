"""What a session costs beside a bare socket and beside other systems: `make bench-capacity`."""
