"""The customer's life cycle: definitions of active, status, stage, type, segment and value tier, and what they come to"""
