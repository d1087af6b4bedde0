"""What a job will be before anything is trained: what it leaves open, how large it is, and everything that is wrong with it."""
