"""What must survive the process: session records and transcripts, in Redis, never on the audio path."""
