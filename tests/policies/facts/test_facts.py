"""A sensitive word counts where it is said of one person, never where it is a theme."""

import pytest

from policies.detectors.facts import FACTS
from policies.detectors.finding import Confidence, Severity
from policies.text.view import normalise

SAID = {
    "Zainab Osei - sickle cell crisis": {"health_fact": "sickle cell"},
    "tenant with schizophrenia": {"health_fact": "schizophrenia"},
    "Her chemotherapy starts Monday": {"health_fact": "chemotherapy"},
    "Pregnant employee risk assessment": {"health_fact": "Pregnant"},
    "Resident has Parkinson’s": {"health_fact": "Parkinson"},
    "Mr Oyelaran: CRB shows a conviction": {"special_category": "conviction"},
    "Hindu pupil and school dinners": {"special_category": "Hindu"},
    "member of staff arrested": {"special_category": "arrested"},
    "Carer is seeking asylum": {"special_category": "seeking asylum"},
    "Employee dismissed today": {"employment_fact": "dismissed"},
    "Payroll no 55120 final written warning": {"employment_fact": "final written warning"},
    "Tenant in rent arrears again": {"money_fact": "rent arrears"},
    "Miss Kowalczyk owes £1,250": {"money_fact": "owes"},
    "Gwen Prosser salary £31,000": {"employment_fact": "salary", "money_fact": "salary"},
}
THEMES = (
    "ADHD training", "mental health awareness week", "Redundancy policy", "attendance statistics",
    "Pupils with asthma: numbers", "Debt advice drop-in", "Rent arrears report", "Dementia Friends",
    "Salary scales 2027", "Grievance procedure", "Muslim Council of Britain", "Refugee Week",
    "Child mental health services", "Employee benefits", "Tenant participation and debt leaflets",
    "Cancer Research fun run", "Pregnancy and maternity policy", "Staff sickness figures",
    "Domestic abuse conference", "Free school meals census", "Epilepsy nurse training",
    "£400 raised for charity", "Budget £31,000", "Invoice £1,250 for salary survey",
)  # fmt: skip


def found(text: str) -> dict[str, str]:
    view = normalise(text)
    return {
        one.detector: text[one.start : one.end] for fact in FACTS for one in fact.find(view)[:1]
    }


@pytest.mark.parametrize("text", SAID)
def test_what_is_said_of_a_person_is_found(text: str) -> None:
    assert SAID[text].items() <= found(text).items()


@pytest.mark.parametrize("text", THEMES)
def test_a_theme_is_no_fact(text: str) -> None:
    assert found(text) == {}


def test_facts_are_grave_and_never_told() -> None:
    (one,) = FACTS[0].find(normalise("Idris Warsame has leukaemia"))
    assert (one.severity, one.confidence) == (Severity.HIGH, Confidence.LIKELY)
    assert "leukaemia" not in repr(one)


def test_hostile_texts_take_linear_time() -> None:
    for text in ("off sick " * 450, "pupil with " * 370, "£1" * 2000, "down's " * 570):
        for fact in FACTS:
            assert len(fact.find(normalise(text))) <= 1500
