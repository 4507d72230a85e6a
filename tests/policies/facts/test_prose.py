"""In a letter a sensitive word counts where its sentence says it of somebody."""

import pytest

from policies.detectors import DETECTORS
from policies.detectors.facts import FACTS
from policies.detectors.scan import scan

EVERYTHING = (*FACTS, DETECTORS["nhs_number"])
SAID = {
    "Jake Thornton has been diagnosed with ADHD.": "ADHD",
    "Dear Tom,\nI saw Mrs Khan today. She is in rent arrears of £640.": "rent arrears",
    "Hi all,\nthe trainer is Marie Okonkwo. His asthma has got worse.": "asthma",
    "I spoke to Jake's mum about Jake's epilepsy.": "epilepsy",
    "Our course on autism helped. Leila Haddad is autistic herself.": "autistic",
    "We discussed support for the depression of Samuel Okoye.": "depression",
    "Dear Mrs Khan,\n\nYour rent arrears are now £640.": "rent arrears",
    "Dear Jake Thornton,\n\nWe hear that you have epilepsy.": "epilepsy",
    "Name: Ola Nowak\nDiagnosis: type 1 diabetes": "type 1 diabetes",
    "The pupil has epilepsy.": "epilepsy",
    "We write about Mr Daniel Osei, who was seen last week and for whom a bed was found, with\n"
    "breast cancer.": "breast cancer",
    "Miss Kowalczyk (NHS number 943 476 5919) was seen. The diagnosis is lupus.": "lupus",
    "Dear Pat,\n\nElla Thompson, aged 7, was seen. Child protection conference on Monday.": (
        "Child protection conference"
    ),
    "Ella Thompson told me that her stepfather hits her.": "hits her",
    "Daniel Osei is a member of UNISON.": "member of UNISON",
    "Mrs Kowalczyk joined the NASUWT last year.": "joined the NASUWT",
    "Jake Thornton pays his union subs by direct debit.": "union subs",
    "Our records show that Daniel Osei belongs to a trade union.": "trade union",
    "Mae gan Jake Thornton epilepsi.": "epilepsi",
    "Mae Sioned Davies yn dioddef o iselder.": "iselder",
    "Cafodd Mrs Kowalczyk ddiagnosis o ganser.": "ganser",
    "Strategy meeting for JT on Monday: knife possession at school.": "knife possession",
}
NOT_SAID = (
    "Members of UNISON meet on Monday. Daniel Osei will speak about union subs.",
    "Mae cwrs ar iselder i bawb. Diolch i Sioned Davies am y te.",
    "Training on child protection conferences, for people who work with children aged 7.",
    "Councillor Ella Thompson thanked the officers. A child protection conference is a meeting.",
    "We run a course on self-harm.\n\nKind regards\nRuth Ampofo\nAutism Lead",
    "Hannah Stubbs (she/her)\nDisability Confident Leader",
    "Mo Saleh, Debt and Bankruptcy Adviser",
    "Dr Neda Farahani will talk about asylum law on Thursday.",
    "If your child has asthma, tell us. Mrs Lisle has the forms.",
    "I am on maternity leave. My post is covered by Joanne Fell.",
    "We need maternity leave cover from January. Write to Leah Frost.",
    "It is sickness cover for two days, Ben.",
    "In my absence please write to Mrs Lisle.",
    "Dear Leah, do you have annual leave or sick leave figures for the year?",
    "From: Tom Fairlie <tom@partner.example>\nSubject: HIV testing week",
    "Dear Mrs Khan,\n\nIf you have asthma or your child is pregnant, see the nurse.",
    "Dear Ms Bell,\n\nYou asked how many staff had been dismissed.",
    "Dear all,\n\nYour rent arrears workshop is on Monday.",
    "The salary is £52,413. For an informal talk ring Chidi Obi.",
    "Any pupil who is pregnant may see the nurse, Kelly Bright.",
)  # fmt: skip


def facts(text: str) -> list[str]:
    return [text[one.start : one.end] for one in scan(text, FACTS)]


@pytest.mark.parametrize("text", SAID)
def test_what_is_said_of_somebody_is_found(text: str) -> None:
    everything = scan(text, EVERYTHING)
    assert SAID[text] in [text[one.start : one.end] for one in everything]


@pytest.mark.parametrize("text", NOT_SAID)
def test_what_is_said_of_nobody_is_no_fact(text: str) -> None:
    assert facts(text) == []


@pytest.mark.parametrize("text", SAID)
def test_it_counts_in_the_middle_of_a_long_letter_too(text: str) -> None:
    prose = "The hall is closed while the floor is sanded. Clubs meet in the gymnasium.\n\n" * 12
    found = scan(f"{prose}{text}\n\n{prose}", EVERYTHING)
    assert SAID[text] in [f"{prose}{text}\n\n{prose}"[one.start : one.end] for one in found]


def test_a_date_beside_a_name_in_a_letter_is_one_of_birth_where_something_says_so() -> None:
    born = tuple(DETECTORS[name] for name in ("date_of_birth", "nhs_number", "person_name"))
    for text in (
        "The appellant Darren Rowbotham (02.03.73) appeals.",
        "Transfer: Kinga Nowak, NHS number 943 476 5919, 1996-11-01, by ambulance.",
        "About Shanice Samuels, 26.09.36. Her NHS number is 943 476 5919.",
    ):
        assert "date_of_birth" in {one.detector for one in scan(text + " x" * 300, born)}
    for text in (
        "Minutes agreed by Darren Rowbotham, 02.03.73, and sent.",
        "The book by Darren Rowbotham (London 2019) is out.",
    ):
        assert "date_of_birth" not in {one.detector for one in scan(text + " x" * 300, born)}
