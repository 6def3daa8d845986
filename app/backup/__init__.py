"""Backups: one snapshot of the database by pg_dump, the secrets it is useless without, and sums to check both by."""
