"""The customer's life cycle: processes and what their events tell, and what customers are worth, by fitted models."""
