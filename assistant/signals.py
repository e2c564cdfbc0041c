"""Exactly one signal. It carries "a person must look at this text" upward, inside the transaction that stored the text.

If the receiver fails, the transaction fails and nothing is stored or shown. If there is no receiver at all, held text simply
stays held, and `manage.py reconcile_holds` finds it.
"""

from django.dispatch import Signal

text_flagged = Signal()  # subject: Post | Suggestion | Reply; screening: Screening; by: User | None
