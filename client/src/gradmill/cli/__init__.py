"""The command line. Data go to the standard output, progress and errors to the standard error.

It exits with 0 when all went well, 1 when a job failed or was cancelled, 2 when it was called wrongly, 3 when the service
refused, 4 when the service does not answer, 5 when a wait took too long, 130 when Ctrl-C ended it.
"""
