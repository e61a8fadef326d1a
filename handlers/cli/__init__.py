"""The command line: each module is one command, which unpacks, calls a use case and prints."""
