"""The embedded service: API, workers, sweeper and broker as the children of one foreground process."""
