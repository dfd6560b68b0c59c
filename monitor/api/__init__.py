"""The read-only HTTP interface: committed rows, a lossy provisional stream, and the page."""
