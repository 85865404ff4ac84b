"""Passages → statements that quote them, or a refusal; and whether each holds."""
