"""The pure core of Warmline: what conditions mean, what an alert does next, and why.

No input or output and no clock in here: every function takes what it needs, ``now`` included.
"""
