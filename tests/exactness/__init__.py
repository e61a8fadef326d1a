"""Exactness of the sweep: random histories, played on a database and judged by slower, independent means."""
