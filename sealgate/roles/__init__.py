"""What each process of a node does: a module a role.

Promises that each loads only the key halves its work needs. Must never hold logic of its own: a
role builds its rooms, connects them, and runs until it is stopped.
"""
