"""How things are said: words in Jinja2 (``text/``), blocks in Python, translations (``locales/``).

It must not know where anything is stored, nor Slack's client.
"""
