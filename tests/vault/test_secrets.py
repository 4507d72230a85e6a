"""A secret is used but never shown."""

import copy
import json
import pickle
import pprint
from dataclasses import asdict, dataclass

import pytest

from vault.secrets import Secret, mac

VALUE = b"correct horse battery staple"


@dataclass(frozen=True)
class Holder:
    name: str
    secret: Secret


@dataclass(frozen=True)
class CarelessHolder:
    """The negative control: the same holder with plain bytes."""

    name: str
    secret: bytes


def ways_to_show(holder: object, value: object) -> dict[str, str]:
    """Every way in which a value ends up in text by accident."""
    return {
        "repr": repr(value),
        "str": str(value),
        "format": format(value) if isinstance(value, Secret) else str(value),
        "f-string": f"{value} {value!r} {value!s}",
        "percent": "%s %r" % (value, value),  # noqa: UP031 - it is one of the ways
        "list": str([value, {"k": value}]),
        "holder": repr(holder),
        "asdict": repr(asdict(holder)),  # type: ignore[call-overload]  # both are dataclasses
        "vars": repr(vars(holder)),
        "pprint": pprint.pformat(holder),
        "copy": repr(copy.copy(value)) + repr(copy.deepcopy(holder)),
        "exception": str(ValueError(value)),
        "json": json.dumps([value], default=repr),
    }


def test_no_way_of_showing_a_secret_shows_it() -> None:
    secret = Secret(VALUE)
    for way, shown in ways_to_show(Holder("n", secret), secret).items():
        assert "horse" not in shown, way
        assert VALUE.hex() not in shown, way


def test_the_same_ways_do_show_plain_bytes() -> None:
    shown = ways_to_show(CarelessHolder("n", VALUE), VALUE)
    assert [way for way, text in shown.items() if "horse" not in text] == []


def test_a_format_specification_shows_nothing_either() -> None:
    assert format(Secret(VALUE), ">200") == "Secret(hidden)"
    assert f"{Secret(VALUE):x}" == "Secret(hidden)"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(VALUE), protocol)
    with pytest.raises(TypeError):
        pickle.dumps(Holder("n", Secret(VALUE)), protocol)
    with pytest.raises(TypeError):
        Secret(VALUE).__reduce_ex__(protocol)


def test_a_secret_has_no_other_door() -> None:
    secret = Secret(VALUE)
    for opened in (bytes, list, json.dumps, hash, vars):
        with pytest.raises(TypeError):
            opened(secret)
    assert [name for name in dir(secret) if getattr(secret, name, None) == VALUE] == [
        "_Secret__value"
    ]


def test_a_secret_equals_only_the_same_secret() -> None:
    assert Secret(VALUE) == Secret(VALUE)
    assert Secret(VALUE) != Secret(VALUE + b"!")
    assert Secret(VALUE) != VALUE
    assert Secret(VALUE).reveal() == VALUE


def test_only_bytes_are_taken() -> None:
    with pytest.raises(TypeError):
        Secret("text")  # type: ignore[arg-type]  # that is the point


def test_random_secrets_differ() -> None:
    assert len({Secret.random().reveal() for _ in range(1000)}) == 1000
    assert len(Secret.random(16)) == 16


def test_a_mac_depends_on_purpose_and_on_where_fields_begin() -> None:
    key = Secret(VALUE)
    marks = {
        mac(key, "a", b"b", b"c"),
        mac(key, "a", b"bc"),
        mac(key, "a", b"", b"bc"),
        mac(key, "ab", b"c"),
        mac(key, "a", b"b", b"c", b""),
        mac(Secret(b"other"), "a", b"b", b"c"),
    }
    assert len(marks) == 6
    assert mac(key, "a", b"b", b"c") in marks
