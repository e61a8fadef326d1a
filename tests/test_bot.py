"""What `compose` puts together works together."""

import httpx

import bot
from settings import Settings
from storage.database import Database

KEY = "a-long-key-of-the-shop"


def test_events_that_come_by_http_stand_in_the_metrics(database: Database) -> None:
    settings = Settings.given(
        database_url=database.url.render_as_string(hide_password=False),
        slack_bot_token="xoxb-none",
        slack_app_token="",
        slack_signing_secret="none",
        # Nobody listens there, and nothing is to be said.
        slack_api_url="http://127.0.0.1:9/",
        ingest_keys=(KEY,),
        host="127.0.0.1",
        port=0,
    )
    whole = bot.compose(settings, bot.context_of(settings))
    url = f"http://127.0.0.1:{whole.start()}"
    try:
        event = {"customer": "C-1", "kind": "purchase", "occurred_at": "2024-01-01", "external_id": "o-1"}
        sent = [event, event, {**event, "external_id": "o-2"}, {**event, "occurred_at": "never"}]
        answered = httpx.post(f"{url}/v1/events", json=sent, headers={"Authorization": KEY}, timeout=20)
        assert answered.status_code == 200
        shown = httpx.get(f"{url}/metrics", timeout=20).text.splitlines()
    finally:
        whole.stop()
    for outcome, n in (("inserted", 2), ("duplicate", 1), ("quarantined", 1)):
        assert f'warmline_events_total{{outcome="{outcome}"}} {n}.0' in shown
