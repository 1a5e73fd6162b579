"""How a letter is written and sent."""
