"""The rig: clusters of real processes on loopback, clients, speech. Ends only what it started."""
