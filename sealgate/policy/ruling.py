"""The policy that a node goes by: its file, held against its settings.

A policy names routes that only the settings describe. Promises that a rule whose route is not there
is an error when the policy is loaded, and never a mail that has nowhere to go. Rosters of names are
read anew with it.
"""

from collections.abc import Iterator

from policies.detectors.names import roster
from policies.detectors.names.roster import RosterError
from policies.engine import Policy
from policies.errors import PolicyError, Problem, quoted
from policies.language import loader
from policies.language.loader import Source
from sealgate.policy import rosters
from sealgate.settings import Settings


def load(settings: Settings) -> Policy:
    """Return the policy of a node. Raises PolicyError."""
    return compiled(settings, loader.read(settings.policy.file))


def compiled(settings: Settings, source: Source) -> Policy:
    """Return the policy that was read from the node's file. Raises PolicyError."""
    policy = loader.compiled(source)
    try:
        roster.use(rosters.load(settings))
    except RosterError as error:
        problem = Problem(settings.policy.file.name, 0, "", str(error), "", "")
        raise PolicyError((problem,)) from None
    if missing := tuple(_missing(policy, settings)):
        raise PolicyError(missing)
    return policy


def _missing(policy: Policy, settings: Settings) -> Iterator[Problem]:
    for rule in policy.rules:
        route = rule.relay.route
        if route is not None and route not in settings.routes:
            yield Problem(
                settings.policy.file.name,
                rule.line,
                rule.name,
                f"the settings have no route {quoted(route)}",
                ", ".join(settings.routes),
                f"add a section [routes.{route}] to sealgate.toml",
            )
