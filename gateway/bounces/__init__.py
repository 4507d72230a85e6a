"""Mail that comes back to our notices: read within limits, told apart, and recorded.

Whoever holds the token in a notice's return path may say that the notice did not arrive, and
nothing else. Must never answer anybody, nor relay what comes to a return path.
"""
