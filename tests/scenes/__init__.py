"""Scenarios that ship, acted out in this process: what people do over a reply, and when they are done."""
