"""The key-value cache that a workspace may use for its own purposes."""
