"""Where the work of a batch runs: this process, several, or a Ray cluster of this machine; one face for all."""
