"""What Locust, gevent and Python's collector do to a measurement, each with its remedy."""
