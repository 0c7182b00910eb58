"""Tags that come from outside: values by a file or by the API, keyed by any identifier by which customers are known."""
