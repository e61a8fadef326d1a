"""A Slack workspace on this machine, for the demo and for tests.

It owns a stand-in for Slack: the Web API, Socket Mode, HTTP deliveries, and a page in the browser. It must not know
the bot: it speaks Slack's wire protocols only and imports nothing of Warmline.
"""

from playground.server import Playground

__all__ = ["Playground"]
