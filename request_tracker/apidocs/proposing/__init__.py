"""Lists as tables: names, parents, keys, columns."""
