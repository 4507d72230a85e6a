"""The mails Sealgate writes itself: notices, codes, requests, bounces."""
