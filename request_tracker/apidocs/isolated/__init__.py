"""Reading a document in a child process that may compute and nothing else."""
