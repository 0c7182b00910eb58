"""Care (客户维护): what happened with customers, what is due, and what was asked, promised and complained of."""
