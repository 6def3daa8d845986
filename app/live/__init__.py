"""Live: what happens in a workspace, to whoever watches. It only listens; nobody imports it."""
