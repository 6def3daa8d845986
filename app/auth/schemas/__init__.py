"""Shapes on the wire, one module a subject."""
