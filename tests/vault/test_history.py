"""To whom a sender has written: counted, bounded, forgotten in time, and never in the way."""

import pytest
from sqlalchemy import func, select

from tests.vault.bench import Safe
from vault.address import Address
from vault.ending.upkeep import clear
from vault.packages import history
from vault.packages.history import KEPT_FOR, OFTEN, Past, note
from vault.storage import tables

ANN, BOSS = Address.parse("ann@council.gov.uk"), Address.parse("boss@council.gov.uk")
JO, AL = Address.parse("jo@partner.example"), Address.parse("al@partner.example")


def wrote(safe: Safe, *recipients: Address, sender: Address | None = ANN, times: int = 1) -> None:
    for _ in range(times):
        with safe.store.writing() as tx:
            note(tx, sender, recipients)


def rows(safe: Safe) -> int:
    with safe.store.reading() as tx:
        count = select(func.count()).select_from(tables.correspondence)
        return int(tx.execute(count).scalar_one())


def test_nobody_has_written_to_anybody_at_first(safe: Safe) -> None:
    past = Past(safe.store)
    assert not past.has_sent_to(ANN, JO)
    assert past.frequent_recipients(ANN) == ()
    assert not past.tls_verified("partner.example")
    assert past.now == safe.store.clock()


def test_a_mail_makes_its_recipients_known_to_its_sender_alone(safe: Safe) -> None:
    wrote(safe, JO, AL, JO)
    past = Past(safe.store)
    assert past.has_sent_to(ANN, JO)
    assert past.has_sent_to(ANN, AL)
    assert not past.has_sent_to(BOSS, JO)
    assert not past.has_sent_to(JO, ANN)
    assert rows(safe) == 2


def test_case_makes_no_other_correspondent(safe: Safe) -> None:
    wrote(safe, Address.parse("Jo@partner.example"), sender=Address.parse("Ann@council.gov.uk"))
    assert Past(safe.store).has_sent_to(ANN, Address.parse("JO@partner.example"))


def test_frequent_recipients_come_most_frequent_first(safe: Safe) -> None:
    wrote(safe, AL, times=OFTEN)
    wrote(safe, JO, times=OFTEN - 1)
    past = Past(safe.store)
    assert past.frequent_recipients(ANN) == (AL,)
    wrote(safe, JO, times=2)
    assert past.frequent_recipients(ANN) == (JO, AL)


def test_a_mail_without_a_sender_is_nobodys_past(safe: Safe) -> None:
    wrote(safe, JO, sender=None)
    assert rows(safe) == 0


def test_the_longest_unused_is_forgotten_when_there_are_too_many(
    safe: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST", 5)
    monkeypatch.setattr(history, "SLACK", 0)
    wrote(safe, JO)
    safe.clock.advance(days=1)
    crowd = [Address.parse(f"p{n}@charity.example") for n in range(5)]
    wrote(safe, *crowd[:4])
    assert Past(safe.store).has_sent_to(ANN, JO)
    wrote(safe, crowd[4])
    past = Past(safe.store)
    assert not past.has_sent_to(ANN, JO)
    assert all(past.has_sent_to(ANN, one) for one in crowd)
    wrote(safe, JO, sender=BOSS)
    assert rows(safe) == 6


def test_a_thousand_recipients_are_one_quick_note(safe: Safe) -> None:
    crowd = [Address.parse(f"p{n}@charity.example") for n in range(1000)]
    wrote(safe, *crowd, times=2)
    assert rows(safe) == 1000
    assert Past(safe.store).has_sent_to(ANN, crowd[999])


def test_what_was_not_used_for_a_year_is_new_again_and_swept_away(safe: Safe) -> None:
    wrote(safe, JO, times=OFTEN)
    safe.clock.advance(days=KEPT_FOR.days - 2)
    assert Past(safe.store).has_sent_to(ANN, JO)
    clear(safe.store)
    assert rows(safe) == 1
    safe.clock.advance(days=3)
    assert not Past(safe.store).has_sent_to(ANN, JO)
    assert Past(safe.store).frequent_recipients(ANN) == ()
    clear(safe.store)
    assert rows(safe) == 0


def test_the_day_is_kept_and_not_the_time(safe: Safe) -> None:
    wrote(safe, JO)
    with safe.store.reading() as tx:
        (row,) = tx.execute(select(tables.correspondence))
    assert (row.last_at.hour, row.last_at.minute, row.last_at.second) == (0, 0, 0)


def test_a_note_is_undone_with_what_it_belongs_to(safe: Safe) -> None:
    def failing() -> None:
        with safe.store.writing() as tx:
            note(tx, ANN, [JO])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert rows(safe) == 0
