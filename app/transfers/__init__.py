"""Transfers: readings from files."""
