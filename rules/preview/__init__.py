"""What a rule would have done over a stretch of the past: one pass over the events, the same as a replay of sweeps"""
