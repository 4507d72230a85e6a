"""The web door: where recipients read and reply, and senders see and manage what they sent.

Promises that a link only identifies and that GET and HEAD change nothing a person can see.
Must never show content to someone who has not proved who they are.
"""
