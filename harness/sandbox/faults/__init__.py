"""What the sandbox gets wrong when it is told to."""
