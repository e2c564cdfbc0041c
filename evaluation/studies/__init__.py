"""What a study with people comes to: reads the file that the site exports, computes, and writes the report."""
