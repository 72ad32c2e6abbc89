"""The durable record: the only place with SQL for it."""
