"""Laws that every operation obeys, made from the registry: a new operation is tested with no edit here."""
