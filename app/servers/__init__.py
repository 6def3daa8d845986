"""Servers: the things in the field that send."""
