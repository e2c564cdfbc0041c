"""What a revision of a draft is worth: each file measures one thing. The suite `revision` puts them together."""
