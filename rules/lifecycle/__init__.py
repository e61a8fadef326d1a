"""The customer's life cycle: definitions and what they come to, processes and their events, and what customers are worth"""
