"""Mails whose headers are unusual and legal, or unusual and common."""

from collections.abc import Iterator

from tests.golden.mails.writing import CRLF, lines, mail

LATIN = "Rhif ffôn y swyddfa, çà et là".encode("latin-1")


def mails() -> Iterator[tuple[str, bytes]]:
    """Each mail with its name."""
    yield from _character_sets()
    yield from _spacing()
    yield from _addresses()
    yield from _encoded_words()
    yield from _long()


def _character_sets() -> Iterator[tuple[str, bytes]]:
    yield "subject-latin-1-raw", mail("subject-latin-1-raw", b"Subject: " + LATIN)
    yield "subject-utf-8-raw", mail("subject-utf-8-raw", "Subject: Cyfarfod â’r tîm 🗓".encode())
    yield "names-utf-8-raw", mail(
        "names-utf-8-raw", "From: Siân Ó Briain <sian@council.example>".encode(), "To: Łukasz Żak <l@partner.example>".encode()
    )
    yield "subject-broken-utf-8", mail("subject-broken-utf-8", b"Subject: caf\xc3 and \xe2\x82 euros")
    yield "header-high-bytes", mail("header-high-bytes", b"X-Scanner: " + bytes(range(128, 256)))
    yield "header-control-characters", mail("header-control-characters", b"X-Odd: bell\x07 tab\t escape\x1b[0m del\x7f")


def _spacing() -> Iterator[tuple[str, bytes]]:
    yield "space-before-colon", mail("space-before-colon", b"Subject : spaced out", b"X-Spaced\t : yes")
    yield "no-space-after-colon", mail("no-space-after-colon", b"Subject:tight", b"X-Empty:", b"X-Blank: ")
    yield "fold-of-white-space-only", mail("fold-of-white-space-only", b"Subject: folded\r\n \r\n\t\r\n over nothing")
    yield "fold-at-once", mail("fold-at-once", b"Subject:\r\n begins on the second line")
    yield "tab-folds", mail("tab-folds", b"References: <a@x.example>\r\n\t<b@x.example>\r\n\t<c@x.example>")
    yield "trailing-white-space-in-headers", mail("trailing-white-space-in-headers", b"Subject: trailing   ", b"X-Tabs: a\t\t")
    yield "odd-header-names", mail("odd-header-names", b"X_Under.Score!: 1", b"SUBJECT: shouting", b"x-lower: 2", b"0: digit")
    yield "mixed-case-mime-headers", mail(
        "mixed-case-mime-headers", b"cOnTeNt-TyPe: TEXT/Plain; CHARSET=UTF-8", b"content-transfer-encoding: 8BIT"
    )
    yield "comments-everywhere", mail(
        "comments-everywhere",
        b"From: Ceri (at (the) desk) <ceri.vaughan@council.example> (Ceri)",
        b"MIME-Version: (by hand) 1.0 (really)",
        b"Content-Type: text/plain (plain \\) text); charset=us-ascii (Plain text)",
        b"Content-Transfer-Encoding: (seven) 7bit",
    )
    yield "version-missing", mail("version-missing", b"MIME-Version", b"Content-Type: text/html; charset=utf-8")
    yield "duplicate-subject", mail("duplicate-subject", b"Subject: first", b"Subject: second")
    yield "duplicate-identical-content-type", mail(
        "duplicate-identical-content-type", b"Content-Type: text/plain; charset=utf-8", b"Content-Type: text/plain; charset=utf-8"
    )
    yield "resent-and-trace", mail(
        "resent-and-trace",
        b"Resent-From: office@council.example",
        b"Resent-To: a@partner.example, b@partner.example",
        b"Resent-Date: Mon, 16 Nov 2026 10:00:00 +0000",
        b"Return-Path: <ceri.vaughan@council.example>",
        b"Received: from a.example by b.example with ESMTP; Mon, 16 Nov 2026 09:31:00 +0000",
    )
    yield "headers-out-of-order", (
        lines(b"X-First: yes", b"MIME-Version: 1.0", b"Subject: From comes last", b"To: a@partner.example", b"From: c@council.example")
        + CRLF
        + lines(b"Body.")
    )
    yield "thread-and-outlook-headers", mail(
        "thread-and-outlook-headers",
        b"Thread-Topic: Weekly figures",
        b"Thread-Index: AdsJ3n0vW0w5m2nHQ0yQk1u7E2k1Zw==",
        b"X-MS-Has-Attach: ",
        b"X-MS-TNEF-Correlator: ",
        b"msip_labels: MSIP_Label_0a1b2c3d-0000-4000-8000-000000000000_Enabled=true; MSIP_Label_0a1b2c3d-0000-4000-8000-000000000000_Name=Public;",
        b"Importance: high",
        b"X-Priority: 1",
    )
    yield "list-headers", mail(
        "list-headers",
        b"List-Id: Friends of the library <friends.library.example>",
        b"List-Unsubscribe: <mailto:leave@library.example>, <https://library.example/leave?u=1>",
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        b"Precedence: bulk",
    )
    yield "auto-reply-headers", mail("auto-reply-headers", b"Auto-Submitted: auto-replied", b"X-Auto-Response-Suppress: All")
    yield "no-message-id-no-date", mail("no-message-id-no-date", b"Message-ID", b"Date")
    yield "odd-dates", mail("odd-dates", b"Date: 16 Nov 26 9:30 GMT (odd but legal)", b"Expires: never")


def _addresses() -> Iterator[tuple[str, bytes]]:
    yield "groups-in-to", mail("groups-in-to", b"To: Board: a@partner.example, \"B, C\" <b@partner.example>;, c@partner.example")
    yield "empty-group-to", mail("empty-group-to", b"To: undisclosed-recipients:;")
    yield "empty-to", mail("empty-to", b"To: ;", b"Cc:")
    yield "no-to-at-all", mail("no-to-at-all", b"To")
    yield "several-reply-to", mail("several-reply-to", b"Reply-To: a@council.example, b@council.example", b"Reply-To: c@council.example")
    yield "several-to-lines", mail("several-to-lines", b"To: a@partner.example", b"To: b@partner.example", b"Cc: c@partner.example", b"Cc: d@partner.example")
    yield "obsolete-route", mail("obsolete-route", b"To: <@relay.example,@other.example:sam@partner.example>")
    yield "obsolete-spaces", mail("obsolete-spaces", b"To: sam . okafor @ partner . example", b"Date: Mon , 16 Nov 2026 09 : 30 : 00 +0000")
    yield "quoted-local-parts", mail("quoted-local-parts", b'To: "sam okafor"@partner.example, "a\\"b"@partner.example, "@"@partner.example')
    yield "address-literal", mail("address-literal", b"To: sam@[192.0.2.7], lee@[IPv6:2001:db8::1]")
    yield "names-with-commas-and-dots", mail("names-with-commas-and-dots", b'To: "Okafor, Sam (Dr.)" <sam@partner.example>, J. R. Vaughan <jr@partner.example>')
    yield "sender-and-from", mail("sender-and-from", b"Sender: pa@council.example")
    yield "several-authors", mail("several-authors", b"From: a@council.example, b@council.example", b"Sender: a@council.example")
    yield "bcc-in-headers", mail("bcc-in-headers", b"Bcc: quiet@partner.example", b"Resent-Bcc: hush@partner.example")
    yield "internationalised-domain", mail("internationalised-domain", "To: jan@bücher.example, lee@xn--bcher-kva.example".encode())
    to = b",\r\n ".join(b"person%d@council.example" % number for number in range(400))
    yield "four-hundred-recipients", mail("four-hundred-recipients", b"To: " + to)


def _encoded_words() -> Iterator[tuple[str, bytes]]:
    yield "encoded-words-in-from", mail("encoded-words-in-from", b"From: =?utf-8?Q?Si=C3=A2n_=C3=93_Briain?= <sian@council.example>")
    yield "encoded-words-adjacent", mail(
        "encoded-words-adjacent", b"Subject: =?utf-8?B?Q3lmYXJmb2Qg?=\r\n =?utf-8?B?dMOu?=\r\n =?utf-8?Q?m?= plain =?iso-8859-1*cy?Q?=F4l?="
    )
    yield "encoded-word-in-comment", mail("encoded-word-in-comment", b"To: sam@partner.example (=?utf-8?Q?S=C3=A0m?=)")
    yield "encoded-word-in-quotes", mail("encoded-word-in-quotes", b'To: "=?utf-8?Q?S=C3=A0m?=" <sam@partner.example>')
    yield "encoded-word-inside-a-word", mail("encoded-word-inside-a-word", b"Subject: caf=?utf-8?Q?=C3=A9?=s and =?utf-8?Q?unclosed")
    yield "encoded-word-split-in-a-character", mail("encoded-word-split-in-a-character", b"Subject: =?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?=")
    yield "encoded-word-odd-character-sets", mail(
        "encoded-word-odd-character-sets", b"Subject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?= =?x-nonsense?Q?what?= =?koi8-r?B?8NLJ18XU?="
    )


def _long() -> Iterator[tuple[str, bytes]]:
    trace = [
        b"Received: from hop%d.example (hop%d.example [192.0.2.%d])\r\n\tby hop%d.example with ESMTPS id %08x\r\n\tfor <sam@partner.example>; Mon, 16 Nov 2026 09:%02d:00 +0000"
        % (number, number, number, number + 1, number * 7919, number)
        for number in range(29)
    ]
    yield "many-received", mail("many-received", *trace)
    references = b"\r\n ".join(b"<%040x@threads.example>" % (number**9) for number in range(900))
    yield "very-long-folded-header", mail("very-long-folded-header", b"References: " + references)
    yield "one-header-of-60-kb-unfolded", mail("one-header-of-60-kb-unfolded", b"X-Report: " + b"abcdefghij " * 5500)
    yield "long-subject", mail("long-subject", b"Subject: " + b" ".join(b"word%d" % number for number in range(300)))
    many = [b"X-Rule-%d: hit=%d" % (number, number) for number in range(600)]
    yield "six-hundred-headers", mail("six-hundred-headers", *many)
