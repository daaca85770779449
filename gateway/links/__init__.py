"""The gateway's clients of the services: one stream per replica, lanes for conversations."""
