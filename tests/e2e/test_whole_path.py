"""One mail, all the way: what staff, recipients and senders see, in the order they see it."""

import re
from urllib.parse import urlsplit

from tests.e2e.stage import COUNCIL, SENDER, Stage, mail, plain_text

POLICY_FILE = COUNCIL
PAT = "pat@solicitors.example"
KIM = "kim@carehome.example"


async def test_an_ordinary_mail_is_relayed_untouched(stage: Stage) -> None:
    message = mail(PAT, "Agenda", "See you on Thursday.")
    answer = await stage.submit(message, [PAT])
    assert answer.code == 250, answer
    (caught,) = await stage.mails_to(PAT)
    assert caught.content.endswith(message.as_bytes())
    assert caught.content.startswith(b"Received: ")


async def test_personal_data_in_the_subject_is_refused_in_plain_english(stage: Stage) -> None:
    answer = await stage.submit(mail(PAT, "NHS number 999 012 3408"), [PAT])
    assert answer.code == 550
    assert "5.7.1" in answer.text
    assert "Not sent to anyone" in answer.text
    assert "an NHS number" in answer.text
    assert "012" not in answer.text
    assert not stage.sink.mails


async def test_a_personal_webmail_recipient_is_refused_by_name_before_the_content(
    stage: Stage,
) -> None:
    answer = await stage.submit(mail("someone@gmail.com"), ["someone@gmail.com"])
    assert (answer.code, answer.stage) == (550, "rcpt")
    assert "someone@gmail.com" in answer.text


async def test_nobody_sends_as_somebody_else(stage: Stage) -> None:
    answer = await stage.submit(mail(PAT), [PAT], sender="mayor@council.example")
    assert answer.code == 553
    forged = mail(PAT)
    forged.replace_header("From", "The Mayor <mayor@council.example>")
    answer = await stage.submit(forged, [PAT])
    assert answer.code == 550
    assert not stage.sink.mails


async def test_a_sealed_mail_from_notice_to_reply_and_revoke(stage: Stage) -> None:
    message = mail(PAT, "[secure] Draft order", "The hearing is in room four.")
    message.add_attachment(
        b"%PDF-1.4 draft", maintype="application", subtype="pdf", filename="order.pdf"
    )
    answer = await stage.submit(message, [PAT])
    assert answer.code == 250, answer

    notice = (await stage.mails_to(PAT))[0]
    text = plain_text(notice.content)
    assert "Council of Example" in text
    assert answer.reference in text
    assert b"Draft order" not in notice.content
    assert b"room four" not in notice.content

    link = await stage.link_for(PAT)
    async with await stage.sign_in(PAT) as pat:
        page = await pat.get(link)
        assert page.status == 200
        assert "Draft order" in page.text
        body = await pat.get(page.frames[0])
        assert "The hearing is in room four." in body.text
        (attachment,) = [href for href in page.links if "/a/" in href]
        assert (await pat.get(attachment)).body == b"%PDF-1.4 draft"

        reply = await pat.get(f"{link}/reply")
        sent = await pat.submit(
            reply, "/reply", message="Thank you, agreed.", files=("notes.txt", b"my notes")
        )
        assert sent.status == 200, sent.text
        (copy,) = await stage.mails_to(
            SENDER, where=lambda mail: b"Thank you, agreed." in mail.content
        )
        assert b"notes.txt" in copy.content
        others = {
            href for href in (await pat.get(link)).links if re.fullmatch("/p/[a-z2-7]{26}", href)
        }
        (answer_link,) = others - {urlsplit(link).path}
        assert "Thank you, agreed." in (await pat.get(f"{answer_link}/body")).text

        async with await stage.sign_in(SENDER) as sender:
            sent_list = await sender.get("/sent")
            assert "Draft order" in sent_list.text
            manage = await sender.get(link.replace("/p/", "/sent/"))
            assert "order.pdf" in manage.text or "Opened" in manage.text
            revoked = await sender.submit(manage, "/revoke")
            assert revoked.status == 200

        refused = await pat.get(link)
        assert "Draft order" not in refused.text
        assert (await pat.get(attachment)).status in {403, 404, 410}


async def test_each_recipient_gets_the_right_route_and_nobody_sees_a_bcc(stage: Stage) -> None:
    colleague, hidden = "li@council.example", "hidden@partner.example"
    message = mail(f"{PAT}, {colleague}", "[secure] Case conference", "In confidence.")
    answer = await stage.submit(message, [PAT, colleague, hidden])
    assert answer.code == 250, answer
    (clear,) = await stage.mails_to(colleague)
    assert b"In confidence." in clear.content
    for recipient in (PAT, hidden):
        (notice,) = await stage.mails_to(recipient)
        assert b"In confidence." not in notice.content
    assert not any(
        b"hidden@" in caught.header
        for caught in stage.sink.mails
        if hidden not in caught.recipients
    )
    link = await stage.link_for(PAT)
    async with await stage.sign_in(PAT) as pat:
        page = await pat.get(link)
        assert "Case conference" in page.text
        assert "hidden@" not in page.body.decode()


async def test_a_forwarded_link_shows_nothing_and_offers_to_ask(stage: Stage) -> None:
    await stage.submit(mail(PAT, "[secure] For Pat only", "Secret."), [PAT])
    link = await stage.link_for(PAT)
    async with await stage.sign_in(KIM) as kim:
        page = await kim.get(link)
        assert "For Pat only" not in page.text
        assert SENDER not in page.text
        asked = await kim.submit(page, "/ask")
        assert asked.status == 200
        await stage.mails_to(SENDER, where=lambda mail: KIM.encode() in mail.content)
        async with await stage.sign_in(SENDER) as sender:
            manage = await sender.get(link.replace("/p/", "/sent/"))
            form = next(form for form in manage.forms if "/requests/" in form.action)
            approved = await sender.submit(manage, form.action, answer="approve")
            assert approved.status == 200
        await stage.mails_to(KIM, where=lambda mail: b"/p/" in mail.content)
        assert "For Pat only" in (await kim.get(link)).text
