"""Inequalities over whole intervals, and digits, in ball arithmetic."""
