"""The demo: whose customers it has, what it watches for, and how their days come in"""
