"""What the API and the workers share: the mathematics, the store, the queue."""
