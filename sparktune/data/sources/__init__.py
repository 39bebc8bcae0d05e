"""The data sources, one file for each or for a few of the same format."""
