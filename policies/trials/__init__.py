"""Trying a policy before it meets real mail: what it would do, and why, in words and in JSON.

For `sealgate policy`. Nothing here decides by itself: the engine is asked, as it is for mail.
"""
