"""A starter project run once by the vendor's SDK, in a limited process."""
