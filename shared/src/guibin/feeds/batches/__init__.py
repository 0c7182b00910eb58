"""Batches (批次): the files of a line's business date with their control figures, taken when all of them agree."""
