"""From texts as people wrote them to rows to learn from: without repeats, leaks and personal data, checked, divided, mixed.

Whatever does not come through stands in the quarantine with its reason; see `quarantine.py`.
"""
