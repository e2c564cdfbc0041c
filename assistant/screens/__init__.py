"""What the supporter's pages and scripts are given: plain values, decided here so that templates decide nothing."""
