"""Charts as SVG text, drawn by hand: small, and they need no script and no library."""
