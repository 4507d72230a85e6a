"""What happens to a mail before it is answered: decided, then held, sealed, relayed or refused.

`pipeline` says the order; the other modules are its steps, and what steps share.

Promises that 250 is said after all that it promises is on disk or with the next hop.
Must never send in the clear what is in doubt.
"""
