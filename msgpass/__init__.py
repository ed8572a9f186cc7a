"""Message passing on one finite instance. Planned; this release ships the theory (`replicas`, `figures`)."""
