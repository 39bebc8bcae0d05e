"""Java for Spark: found, checked, and its classes archived."""
