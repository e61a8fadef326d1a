"""Tests of rules: what happens to customers, day by day, and what is to come of it."""
