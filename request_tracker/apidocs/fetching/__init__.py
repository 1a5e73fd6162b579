"""A document from the address somebody gave: public addresses only, within bounds of size and time."""
