"""Who calls the bot, in a process of its own: many requests at once, each on a connection of its own, and timed.

``python -m bench.caller`` reads ``{"host", "port", "rounds": [[{"method", "path", "headers", "body"}]]}`` and writes the
seconds from each request to its answer, round by round. An answer that is not 200 ends it.
"""

import http.client
import json
import sys
import threading
import time
from typing import Any

_TIMEOUT_S = 60


def main() -> int:
    """Call, and write how long each call took."""
    given = json.load(sys.stdin)
    rounds = [_at_once(given["host"], given["port"], requests) for requests in given["rounds"]]
    json.dump(rounds, sys.stdout)
    return 0


def _at_once(host: str, port: int, requests: list[dict[str, Any]]) -> list[float]:
    barrier = threading.Barrier(len(requests))
    taken: list[float] = []
    failed: list[str] = []

    def call(request: dict[str, Any]) -> None:
        connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
        barrier.wait()
        started = time.perf_counter()
        try:
            connection.request(request["method"], request["path"], request["body"], request["headers"])
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            failed.append(repr(error))
            return
        finally:
            connection.close()
        taken.append(time.perf_counter() - started)
        if answer.status != http.client.OK:
            failed.append(f"{request['path']}: {answer.status}")

    threads = [threading.Thread(target=call, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise SystemExit(f"{len(failed)} of {len(requests)} calls failed: {failed[0]}")
    return taken


if __name__ == "__main__":
    sys.exit(main())
