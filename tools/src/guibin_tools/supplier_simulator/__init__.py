"""A supplier of rights for development and tests: it takes orders, delivers, and fails as it is told to."""
