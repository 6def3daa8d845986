"""What others already speak: InfluxDB's line protocol, MQTT, Prometheus' read API."""
