"""Charts as SVG text: small, without a script and without a library."""
