"""Who is calling, what they may see and do, and how personal values are kept: actors, tokens, ciphers, masks."""
