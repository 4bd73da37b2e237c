"""What the sandbox remembers. In memory, gone with the process."""
