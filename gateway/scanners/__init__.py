"""Asking malware scanners about mail before it is sealed or leaves.

Promises that a scanner's silence, slowness or nonsense is never taken for "clean", and that a mail
goes to a scanner in pieces, within limits of size and time. Must never write a mail to a disk, nor
let what a scanner says reach a reply or a log unchecked.
"""
