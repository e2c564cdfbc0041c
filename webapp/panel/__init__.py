"""The models' pages: where each version comes from, what speaks for it, and the clinician panel that reads and signs."""
