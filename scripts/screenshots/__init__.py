"""Pictures of every state of the writing page, taken from a running demonstration with the real model: `make screenshots`."""
