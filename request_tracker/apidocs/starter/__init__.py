"""Analysis to starter project: reviewed files, and the facts of the document as data."""
