"""Measures Lantern: suites of cases, their figures with intervals, and reports without a word of the cases' text."""
