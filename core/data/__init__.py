"""From a client's bytes to a table of columns: parsing in a limited child process, statistics, storage."""
