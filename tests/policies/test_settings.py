"""The organisation's settings hold only what the rest can rely on."""

import pytest
from pydantic import ValidationError

from policies.settings import OrganisationSettings


def test_domains_are_canonical():
    made = OrganisationSettings(
        domains=["Example.GOV.uk", ".Schools.Example.gov.uk", "münchen.example"]
    )
    assert made.domains == [
        "example.gov.uk",
        ".schools.example.gov.uk",
        "xn--mnchen-3ya.example",
    ]


@pytest.mark.parametrize(
    "domain", ["localhost", "a@b.example", "1.2.3.4", "", ".", "a..b", "x y.example"]
)
def test_what_is_no_mail_domain(domain):
    with pytest.raises(ValidationError, match="must be a mail domain"):
        OrganisationSettings(domains=[domain])


def test_there_is_at_least_one_domain():
    with pytest.raises(ValidationError):
        OrganisationSettings(domains=[])


@pytest.mark.parametrize(
    "url",
    [
        "https://secure.example.gov.uk",
        "https://secure.example.gov.uk:8443",
        "http://127.0.0.1:8080",
    ],
)
def test_public_url(url):
    assert OrganisationSettings(public_url=url + "/").public_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://secure.example.gov.uk",
        "secure.example.gov.uk",
        "https://secure.example.gov.uk/reader",
        "https://secure.example.gov.uk?x=1",
        "https://secure.example.gov.uk#x",
        "https://user@secure.example.gov.uk",
        "javascript:alert(1)",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_public_url(url):
    with pytest.raises(ValidationError, match="must"):
        OrganisationSettings(public_url=url)


@pytest.mark.parametrize("name", ["Council\r\nBcc: x@y.example", "", "a\x00b"])
def test_a_name_is_one_printable_line(name):
    with pytest.raises(ValidationError):
        OrganisationSettings(name=name)


def test_unknown_settings_are_errors():
    with pytest.raises(ValidationError):
        OrganisationSettings.model_validate({"nmae": "x"})
