"""What the safe costs, beside the limit that the machine sets, in one run.

`python -m bench.vault` prints the table. Must never be a test: a busy machine says little of time.
"""
