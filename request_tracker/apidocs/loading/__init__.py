"""Bytes to a document: what it is, read safely and within bounds."""
