"""Fleet: every server with its state, its last values and where they went, in one bounded answer."""
