"""What the bot does when something happens: use cases that load, decide, save and reply, and the edges that call them."""
