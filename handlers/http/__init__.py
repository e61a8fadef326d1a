"""What comes over HTTP: events, Slack's requests, health and metrics."""
