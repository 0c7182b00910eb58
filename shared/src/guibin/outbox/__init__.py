"""Events that leave a transaction with its commit: to other domains, and to the bank's systems as signed webhooks.

A command publishes (`service.publish`) in its own transaction. The relay of the worker hands each event to whoever
wants it, at least once and in no order: consumers of ours apply it once, receivers outside drop ids that they have had.
"""
