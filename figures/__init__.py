"""Figures of the theory, computed and drawn."""
