"""Makes assistant/safety/replies.npz: reads labelled replies, fits three linear models on them, measures, writes them down."""
