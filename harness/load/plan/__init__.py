"""What a run is going to ask for, looked at before its first user."""
