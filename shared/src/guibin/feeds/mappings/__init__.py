"""Mappings (列映射): what a line calls our columns and how it writes their values, as versions under four eyes."""
