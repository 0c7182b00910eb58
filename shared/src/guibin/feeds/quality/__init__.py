"""Data quality (数据质量): what each line's data are worth, night by night."""
