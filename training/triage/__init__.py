"""Makes assistant/safety/triage.npz: reads labelled posts, trains a small network on them, writes it down."""
