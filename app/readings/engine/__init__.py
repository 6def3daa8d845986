"""Answers about readings, from statistics, segments and hot rows; see docs/queries.md and ADR 21.

question → outline (what there is, and what must be read) → fetching (PostgreSQL) → decoding (columns) → rows or buckets
→ pieces, which `app.readings.writers` turn into bytes.
"""
