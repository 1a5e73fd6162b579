"""What is remembered: tables, and reads over them."""
