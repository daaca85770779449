"""What OpenAI's clients call: `/v1/models`, `/v1/chat/completions`."""
