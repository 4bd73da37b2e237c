"""One module for each program that is measured; what it lists in PEERS takes part, where it is installed."""
