"""What the harness adds to Locust's web UI, and what it guards there."""
