"""What AI-Talk's frontend and its operator call: `/status`, `/gpu`, `POST /models/load` and `unload`."""
