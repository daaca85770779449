"""What orchestrators and balancers ask: `/health`, `/ready`."""
