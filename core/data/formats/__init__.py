"""One module for each file format, imported in the limited child process only.

Each has `read(path, limits) -> Read` and raises InvalidData or TooLarge; what else its libraries raise, the child reports.
"""
