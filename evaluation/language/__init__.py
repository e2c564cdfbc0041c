"""What the suite `language` is made of: reading replies of several arms, and what is told of them."""
