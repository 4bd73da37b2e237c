"""What the sandbox refuses, and in which words."""
