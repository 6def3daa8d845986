"""People, workspaces and every credential, device keys included."""
