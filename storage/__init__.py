"""What Warmline remembers: tables, their migrations, and every question asked of them.

Each module owns its tables; sessions exist only in here; what leaves is a frozen dataclass, never a row.
Nothing in here knows Slack, words or what a condition means.
"""
