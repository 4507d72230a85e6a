"""What the ordinary mails say: nothing about anybody."""

from tests.golden.ordinary.attachments import files
from tests.golden.ordinary.clients import CLIENTS, Client, Letter

TEXTS = (
    ("Agenda for the planning committee", "Good morning,\n\nthe agenda for Thursday is attached. Item 6 has been withdrawn.\n\nBest wishes\nCeri\n"),
    ("Room change: now in Committee Room 2", "Hi all,\n\nplease note that we have moved downstairs. The lift is out of order until 3 December.\n\nThanks\n"),
    ("Invoice 20348817 and purchase order", "Please find our invoice 20348817 over £1,284.50. Order PO4471920 was raised on 12/10/2026.\n\nRegards\nFinance\n"),
    ("Gwasanaeth: diweddariad i’r gwefan – café newydd", "Bore da,\n\nmae’r dudalen newydd yn barod. Croeso i chi edrych – diolch!\n\nCofion\n"),
    ("Road closure, Albert Road", "Albert Road will be closed from 9 am to 3 pm on Sunday for resurfacing. Buses 7 and 12 stop at Station Approach.\n"),
    ("Autism awareness training", "The session covers sensory needs and communication. It is open to all staff; places can be booked on the portal.\n"),
    ("RE: RE: Minutes", "Thanks, that works for me.\n\n> Shall we say Tuesday?\n>> The draft is below.\n>> 1. Welcome\n>> 2. Budget\n"),
    ("Tender DN618204: clarification questions", "Questions must be asked on the portal before noon. The contract runs for 4 years; the estimated value is £320,000.\n"),
    ("Server maintenance on Friday night", "Mail and files will not be available between 22:00 and 02:00. Version 4.12.7 will be installed; error 0x80070510 can be ignored.\n"),
    ("Tickets for the Theatre Royal", "We have forty seats in the stalls. Tickets cost £8 and are collected at the desk.\n\nSee you there!\n"),
    ("Term dates 2026/27", "Autumn term begins on 2 September 2026. Half term is from 26 to 30 October. Inset days are fixed by each school.\n"),
    ("Meter readings", "Boiler house 482911, sports hall 109287, annexe 55120. The next reading is due on 1 January.\n"),
    ("Grit bins and routes", "District LS6 and NE27 are treated first. Main roads around Whitby follow.\n"),
)
# What stands under nearly every mail, and above the answered one: the sender's own office.
SIGNATURE = "--\nCeri Vaughan\nDemocratic Services Officer\nThe Council, Civic Centre, High Street, Whitby YO22 4XX\nTel: 01632 960100 | ceri.vaughan@council.example | www.council.example\n"
NOTICE = "This email and any attachments are confidential and intended for the addressee only. If you have received it in error, please tell the sender and delete it.\n"
QUOTED = "From: Sam Okafor <sam@partner.example>\nSent: 13 November 2026 15:04\nTo: Ceri Vaughan <ceri.vaughan@council.example>\nSubject: Papers\n\nHi Ceri, could you send me the papers by Monday? Thanks, Sam\nSam Okafor, Partnership Manager, 03069 990200\n"
LONG = "The board considered the options at length and agreed to return to them in the spring. " * 12


def letters(client: Client, most: int = 13) -> list[Letter]:
    """What one mail program is made to write: some with files, one long, one quoting."""
    written = []
    first = CLIENTS.index(client)
    for at in range(most):
        subject, text = TEXTS[(first + at) % len(TEXTS)]
        number = first * 100 + at + 1
        choice = files(subject, str(number))
        kept = tuple(choice[(first * 5 + at + n) % len(choice)] for n in range(at % 3))
        written.append(Letter(number, subject, text + _below(at), kept))
    return written


def _below(at: int) -> str:
    """What follows the text: in three of four mails the signature, in some a notice or an answer."""
    below = (LONG + "\n") * (at == 5)
    below += ("\n" + SIGNATURE) * (at % 4 != 3)
    below += ("\n" + NOTICE) * (at % 3 == 0)
    return below + ("\n" + QUOTED) * (at % 5 == 2)
