"""A seeded company for measuring: who its customers are, what they did, and how that gets into a database quickly."""
