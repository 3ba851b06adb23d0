"""What `make bench` runs: speed and memory of the promises that the README makes. Nothing here is a test."""
