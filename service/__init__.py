"""The embedded service: API, worker and sweeper under one supervisor."""
