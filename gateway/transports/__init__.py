"""How a client is reached: wires, of which a WebSocket is the first."""
