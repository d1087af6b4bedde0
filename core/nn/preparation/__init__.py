"""From a table's columns to the numbers a network learns from: which columns and rows, and how they become x, t and w."""
