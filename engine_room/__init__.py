"""What only processes with a model need: engines and their hosts, slots, slices of GPUs, run-time loading."""
