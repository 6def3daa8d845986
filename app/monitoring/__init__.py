"""What no process knows of itself: how much stands in tables and queues, measured by the one watcher that leads."""
