"""The process that decides: it starts a run, records it and concludes it."""
