"""Sensitive facts about one person: health, special categories, employment, money.

Promises that a theme ("ADHD training") is no fact: a word counts only where it is said of somebody.
Must never keep a text.
"""

from policies.detectors.facts.fact import (
    EMPLOYMENT_FACT,
    FACTS,
    HEALTH_FACT,
    MONEY_FACT,
    SPECIAL_CATEGORY,
)

__all__ = ["EMPLOYMENT_FACT", "FACTS", "HEALTH_FACT", "MONEY_FACT", "SPECIAL_CATEGORY"]
