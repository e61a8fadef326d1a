"""What an alert does next, and why: rules, decisions, retries. Pure."""
