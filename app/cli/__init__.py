"""The commands of `sentinela`."""
