"""One contact policy (触达规则): who may be reached by which channel, for what, when and how often, for all alike."""
