"""Where the rows of each table live on a cluster."""

# What grows with readings: by server, so that all of one server is on one node and every key can stay unique.
# The first one sets the shards, the others stand beside them.
DISTRIBUTED = (
    "reading",
    "segment",
    "segment_column",
    "server_history",
    "server_quantity",
    "server_activity",
    "server_arrivals",
    "presence_interval",
)
DISTRIBUTION_COLUMN = "server_id"
