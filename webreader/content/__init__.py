"""What is in a message, taken apart and made safe to show.

Must never give a browser a byte of a mail that could act there.
"""
