"""One run in one process: its accounts, its pacing, what it measures."""
