"""The paper's systems in one table, and the search for a better recipe."""
