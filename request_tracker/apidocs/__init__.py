"""What the vendor's API document says."""
