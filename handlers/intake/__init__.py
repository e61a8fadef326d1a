"""Reading what comes from outside: files line by line, JSON, and the check that makes a record an event or a customer.

Every text here is hostile. Nothing in here writes to the database.
"""
