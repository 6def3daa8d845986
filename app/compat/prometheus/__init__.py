"""Prometheus' read API over our readings, for Grafana's stock data source: docs/prometheus.md, ADR 46.

text → parsing → expressions → catalogue, matching (which servers) → sliding windows of readings → evaluating → writing
"""
