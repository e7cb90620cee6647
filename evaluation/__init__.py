"""How good a detector is on a series: fault injection, detectability, the threshold curve, rethresholding."""
