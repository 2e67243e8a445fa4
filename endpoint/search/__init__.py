"""Search: one index over all records and concepts of a generation, in six languages."""
