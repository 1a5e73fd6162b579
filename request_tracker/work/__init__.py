"""What happens later: jobs and ticks."""
