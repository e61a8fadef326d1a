"""The Web API's methods, a module for each of Slack's groups."""
