"""A local WeChat: a real HTTP server that answers as WeChat is documented to, for development and tests.

It imports nothing of the product, so that a mistake in the product's client is not repeated here.
"""
