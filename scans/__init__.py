"""Many solver calls over named axes. Planned; this release ships the theory (`replicas`, `figures`)."""
