"""What a job may be."""

ENDED = frozenset({"succeeded", "failed", "cancelled"})  # for good; these are the last events of a job, too
