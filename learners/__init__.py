"""Algorithms that find minima, and measures of their flatness. Planned; this release ships the theory (`replicas`, `figures`)."""
