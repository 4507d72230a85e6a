"""The front door: command line, settings, process supervisor and demo.

The only room that knows all others.
"""
