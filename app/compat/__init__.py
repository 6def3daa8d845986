"""What others already speak: InfluxDB's line protocol."""
