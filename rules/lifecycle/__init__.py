"""The customer's life cycle: processes and what their events tell"""
