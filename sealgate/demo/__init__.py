"""The demo: the real processes on loopback, sample mails, and a mail room to look into."""
