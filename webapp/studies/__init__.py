"""Studies with people: who rates which text, blind to who wrote it. What they come to is counted by `evaluation.studies`."""
