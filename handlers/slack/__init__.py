"""Slack's side: commands and presses unpacked, use cases called, answers sent."""
