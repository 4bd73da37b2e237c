"""What the sandbox answers at each of its addresses."""
