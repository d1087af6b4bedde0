"""The client for programs that run an event loop. What waits instead is made from it."""
