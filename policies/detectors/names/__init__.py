"""Names of people: who is spoken of in a text, by lists, by shape and by the words around.

Promises findings that never carry the name. Must never keep a text, nor a name that is not a list's.
"""
