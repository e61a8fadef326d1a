from pathlib import Path

import yaml

from playground.people import DEFAULT_SCOPES

MANIFEST = Path(__file__).parents[2] / "handlers" / "slack" / "manifest.yaml"


def test_the_app_has_the_scopes_that_its_manifest_asks_for_and_no_others() -> None:
    manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    assert sorted(DEFAULT_SCOPES) == sorted(manifest["oauth_config"]["scopes"]["bot"])
