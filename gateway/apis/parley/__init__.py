"""What our own page and clients call: `/`, `/v1/conversation/check`, `/v1/voices`."""
