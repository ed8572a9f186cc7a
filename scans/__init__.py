"""Many solver calls over named axes: planned, nothing here yet."""
