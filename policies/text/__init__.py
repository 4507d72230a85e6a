"""Text as a recipient would see it, whatever was done to hide it, with the way back to the bytes.

For detectors and for conditions about words. Nothing here knows what a message is.
"""
