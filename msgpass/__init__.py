"""Message passing on one finite instance: planned, nothing here yet."""
