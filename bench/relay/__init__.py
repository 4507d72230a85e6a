"""How fast mail goes through, beside what an administrator could use instead.

Every peer gets the same load from the same program (Postfix's `smtp-source`) and hands on to the
same next hop (`smtp-sink`), in turns, so that a busy moment of the machine hits all alike.
"""
