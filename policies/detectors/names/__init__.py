"""Names of people: who is spoken of in a text, by lists, by shape and by the words around.

Promises findings that never carry the name. Must never keep a text, or a name that is in no list.
"""
