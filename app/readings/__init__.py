"""Readings: their way in (routes → ingest → PostgreSQL) and out (routes → series → queries)."""
