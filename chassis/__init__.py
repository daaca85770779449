"""How every process behaves: settings, logs, metrics, health, gRPC, lanes, drain. No domain words."""
