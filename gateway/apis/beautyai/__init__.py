"""What BeautyAI's page and command call: `/inference`, `/models`, `/system`."""
