"""Posts, drafts, suggestions.

Empty on purpose: importing `assistant.safety` or `assistant.inference` must not wake Django.
"""
