"""Several machines for one database: which tables Citus spreads over its nodes, and the way there (ADR 51)."""
