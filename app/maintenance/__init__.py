"""Maintenance: what people do to stored readings by hand: delete, seal, verify."""
