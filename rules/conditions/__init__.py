"""Warmline's condition language: text in, a checked syntax tree, and which customers it holds for.

The way of a condition: `normalise` what was typed → `parse` into the tree of `tree` → `check` names, types and
units → `terms` it is made of → somebody answers those with columns → `evaluate`. `print` writes a tree back as
text, `describe` says it in words. Nothing in this package knows where columns come from, or any database.
"""
