"""What every domain stands on; no word of the domain itself."""
