"""A patient's state from a chart, and what plans would do to it."""
