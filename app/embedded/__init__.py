"""PostgreSQL and Valkey beside the application, and the small supervisor of `sentinela up`."""
