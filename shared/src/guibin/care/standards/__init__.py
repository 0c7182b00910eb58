"""What the bank promises the customers of each tier (服务标准), and how much of it is kept."""
