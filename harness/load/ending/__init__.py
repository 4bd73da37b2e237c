"""Whatever ends a run: signals, exceptions, stops of the locustfile."""
