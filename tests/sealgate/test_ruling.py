"""The policy of a node is held against its settings."""

from pathlib import Path

import pytest

from gateway.relay.settings import NextHopSettings, RouteSettings
from policies.errors import PolicyError
from sealgate.policy import ruling
from sealgate.policy.settings import PolicySettings
from sealgate.settings import Settings

POLICY = """version: 1
rules:
  - name: police-by-tls
    when: {recipient: {domain: .police.uk}}
    then: relay
    relay: {tls: verified, route: police}
"""


def settings(file: Path, *routes: str) -> Settings:
    return Settings.model_construct(
        policy=PolicySettings(file=file),
        next_hop=NextHopSettings(),
        routes={name: RouteSettings(host="mx.example") for name in routes},
    )


def test_a_rule_needs_its_route(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY)
    assert ruling.load(settings(file, "police")).routes == {"police"}
    with pytest.raises(PolicyError) as refused:
        ruling.load(settings(file, "courts"))
    (problem,) = refused.value.problems
    assert str(problem) == (
        "policy.yaml:3: rule 'police-by-tls': the settings have no route 'police'; "
        "allowed: courts; add a section [routes.police] to sealgate.toml"
    )
