"""Mails that may not go as they are: held, sealed, until their sender mends them."""
