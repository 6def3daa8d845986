"""The numbers that Sentinela holds, each a command; always both sides in one run, as medians and ratios."""
