"""Where the rows come from: each source, or family of sources, is a file of its own."""
