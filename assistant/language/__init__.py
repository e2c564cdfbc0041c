"""How texts are written, counted: the measures by which replies of people and of models are described side by side.

Plain Python, for the site and for `evaluation`. The set is that of Saha and others' analyses of support online and of LLUMI
(arXiv 2605.30273), which rest on LIWC; the word lists here are our own and open, so figures differ from LIWC's, and
are compared only with figures made here. What a measure cannot say of a text (no words, another language) is None, never 0.
"""
