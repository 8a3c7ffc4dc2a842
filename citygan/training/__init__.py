"""Recipes, losses, the loop, and a run in its folder."""
