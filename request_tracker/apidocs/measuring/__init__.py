"""What is counted and found in a document: lists, nesting, sign-in, paging, changes, records."""
