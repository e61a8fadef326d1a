"""``python -m playground``: the workspace in a process of its own, for tests that kill the bot.

Prints one line of JSON with its addresses when it answers, and serves until it is told to end.
"""

import argparse
import json
import signal
import sys
import threading

from playground.server import Playground


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m playground", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--request-url", help="deliver by signed POSTs to this address instead of Socket Mode"
    )
    parser.add_argument("--post-interval", type=float, default=1.0, help="seconds between posts to a channel")
    parser.add_argument("--post-burst", type=int, default=2, help="posts to a channel at once")
    parser.add_argument("--seed", type=int, help="of the chances of faults")
    given = parser.parse_args()
    slack = Playground(
        given.port,
        host=given.host,
        request_url=given.request_url,
        post_interval_s=given.post_interval,
        post_burst=given.post_burst,
        seed=given.seed,
    )
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    slack.start()
    addresses = {
        "url": slack.url,
        "api_url": slack.api_url,
        "bot_token": slack.bot_token,
        "app_token": slack.app_token,
        "signing_secret": slack.signing_secret,
    }
    sys.stdout.write(json.dumps(addresses) + "\n")
    sys.stdout.flush()
    ended.wait()
    slack.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
