"""Is a formula right: what is wrong with it, why, and under which assumptions it would be right."""
