"""What the weights of the name model are made from: frames of subjects, and how it learns.

`python -m bench.detection.training` writes `policies/lists/names/weights.json` anew, the same from
the same seed. Must never read the development set or the second set: they are there to judge.
"""
