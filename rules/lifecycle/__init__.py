"""The life cycle of customers: what they are worth, by models that are fitted to the business's own events."""
